// The step in jax-js on its WebAssembly backend, compiled by its jit, on one thread (it has no more without SharedArrayBuffer).
//
// Arrays are consumed where they are used: x.ref is one more use of x.

import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { arrays, dense, drive, load } from './drive.mjs';

function layerNorm(x, gain, bias) {
  const mean = x.ref.mean(-1, { keepdims: true }), deviation = x.sub(mean);
  const variance = deviation.ref.mul(deviation.ref).mean(-1, { keepdims: true });
  return deviation.div(np.sqrt(variance.add(1e-5))).mul(gain).add(bias);
}

/** Returns summed log-probabilities [2 pairs]; consumes everything. */
function logps(m, w, { read, predicted, future }) {
  const { context: t, width: c, heads, prompt } = m, n = 2 * m.pairs, size = c / heads, response = t + 1 - prompt;
  const affine = (x, name) => np.matmul(x, w[`${name}.weight`]).add(w[`${name}.bias`]);
  const norm = (x, name) => layerNorm(x, w[`${name}.gain`], w[`${name}.bias`]);
  let x = np.matmul(read, w.wte).reshape([n, t, c]).add(w.wpe).reshape([n * t, c]);
  for (let i = 0; i < m.layers; i++) {
    const layer = `layers.${i}.`;
    const qkv = affine(norm(x.ref, `${layer}ln1`), `${layer}attn.qkv`).reshape([n, t, 3, heads, size]).transpose([2, 0, 3, 1, 4]);
    const [q, k, v] = np.split(qkv, 3, 0).map((part) => part.reshape([n, heads, t, size]));
    const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(size)).add(future.ref);
    const attended = np.matmul(nn.softmax(scores, -1), v).transpose([0, 2, 1, 3]).reshape([n * t, c]);
    x = x.add(affine(attended, `${layer}attn.out`));
    const up = affine(norm(x.ref, `${layer}ln2`), `${layer}mlp.up`);
    x = x.add(affine(nn.gelu(up, { approximate: true }), `${layer}mlp.down`));
  }
  future.dispose();
  const predicting = x.reshape([n, t, c]).slice([], [prompt - 1, t], []).reshape([n * response, c]);
  const logp = nn.logSoftmax(np.matmul(norm(predicting, 'lnf'), w['head.weight']), -1);
  return logp.mul(predicted).sum(-1).reshape([n, response]).sum(-1);
}

/** Returns [loss, weights, first moments, second moments] after a step. Corrections holds 1 - beta1**t and 1 - beta2**t. */
function makeStep(m) {
  const { beta1, beta2, eps, decay, clip } = m.optimizer;
  const objective = (w, batch, reference) => {
    const ratios = logps(m, w, batch).sub(reference).mul(m.beta);
    const [chosen, rejected] = np.split(ratios, 2, 0);
    return nn.logSigmoid(chosen.sub(rejected)).mean().mul(-1);
  };
  return jit((w, first, second, corrections, batch, reference) => {
    const [loss, grads] = valueAndGrad(objective)(tree.ref(w), batch, reference);
    const [correction1, correction2] = np.split(corrections, 2, 0);
    const squares = m.tensors.map(({ name }) => grads[name].ref.mul(grads[name].ref).sum());
    const norm = np.sqrt(squares.reduce((sum, x) => sum.add(x)));
    const scale = np.minimum(np.array(1), np.array(clip).div(norm.add(1e-6)));
    const next = { w: {}, first: {}, second: {} };
    for (const { name, matrix } of m.tensors) {
      const g = grads[name].mul(scale.ref);
      const mean = first[name].mul(beta1).add(g.ref.mul(1 - beta1));
      const square = second[name].mul(beta2).add(g.ref.mul(g).mul(1 - beta2));
      const move = mean.ref.div(correction1.ref).div(np.sqrt(square.ref.div(correction2.ref)).add(eps)).mul(m.rate);
      next.w[name] = (matrix ? w[name].mul(1 - m.rate * decay) : w[name]).sub(move);
      next.first[name] = mean;
      next.second[name] = square;
    }
    for (const x of [correction1, correction2, scale]) x.dispose();
    return [loss, next.w, next.first, next.second];
  });
}

drive(async ({ size }) => {
  const devices = await init('wasm');
  if (!devices.includes('wasm')) throw new Error('the backend wasm cannot be had');
  defaultDevice('wasm');

  const loaded = await load(size), { manifest: m } = loaded, read = arrays(loaded), d = dense(m, read);
  const fill = (make) => Object.fromEntries(m.tensors.map(({ name }) => [name, make(read.weights[name])]));
  const batch = {
    read: np.array(d.read, { shape: [d.sequences * m.context, m.vocabulary] }),
    predicted: np.array(d.predicted, { shape: [d.sequences * d.response, m.vocabulary] }),
    future: np.array(d.future, { shape: [m.context, m.context] }),
  };
  const reference = np.array(read.reference), step = makeStep(m);
  let w = fill(({ data, shape }) => np.array(data, { shape })), steps = 0;
  let first = fill(({ shape }) => np.zeros(shape)), second = fill(({ shape }) => np.zeros(shape));

  return async () => {
    steps++;
    const corrections = np.array(new Float32Array([1 - m.optimizer.beta1 ** steps, 1 - m.optimizer.beta2 ** steps]));
    let loss;
    [loss, w, first, second] = step(w, first, second, corrections, tree.ref(batch), reference.ref);
    await blockUntilReady(w);
    const [number] = await loss.data();
    return number;
  };
});
