// The step in TensorFlow.js on its WebAssembly backend with SIMD, on one thread.
//
// Plain is what its automatic differentiation makes of the model. Tuned gives the heavy operations gradients of their own, so that they too
// consist of what the backend does fast: products of two matrices that are not transposed, and transpositions of at most four dimensions.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { arrays, dense, drive, load } from './drive.mjs';

const linear = {
  plain: (x, w) => tf.matMul(x, w),
  tuned: tf.customGrad((x, w, save) => {
    save([x, w]);
    return {
      value: tf.matMul(x, w),
      gradFunc: (dy, [x, w]) => [tf.matMul(dy, tf.transpose(w)), tf.matMul(tf.transpose(x), dy)],
    };
  }),
};

const root = Math.sqrt(2 / Math.PI), cubic = 0.044715;
const gelu = {
  plain: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), cubic), 1)), root)), 1)),
  tuned: tf.customGrad((x, save) => {
    const t = tf.tanh(tf.mul(x, tf.add(tf.mul(tf.square(x), root * cubic), root)));
    save([x, t]);
    return {
      value: tf.mul(tf.mul(x, 0.5), tf.add(t, 1)),
      gradFunc: (dy, [x, t]) => {
        const inner = tf.add(tf.mul(tf.square(x), 3 * cubic * root), root);
        return tf.mul(dy, tf.mul(0.5, tf.add(tf.add(t, 1), tf.mul(x, tf.mul(tf.sub(1, tf.square(t)), inner)))));
      },
    };
  }),
};

const layerNorm = {
  plain: (x, gain, bias) => {
    const deviation = tf.sub(x, tf.mean(x, -1, true));
    const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(deviation), -1, true), 1e-5));
    return tf.add(tf.mul(tf.mul(deviation, rstd), gain), bias);
  },
  tuned: tf.customGrad((x, gain, bias, save) => {
    const deviation = tf.sub(x, tf.mean(x, -1, true));
    const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(deviation), -1, true), 1e-5));
    const z = tf.mul(deviation, rstd);
    save([z, rstd, gain]);
    return {
      value: tf.add(tf.mul(z, gain), bias),
      gradFunc: (dy, [z, rstd, gain]) => {
        const dz = tf.mul(dy, gain);
        const centered = tf.sub(tf.sub(dz, tf.mean(dz, -1, true)), tf.mul(z, tf.mean(tf.mul(dz, z), -1, true)));
        return [tf.mul(rstd, centered), tf.sum(tf.mul(dy, z), 0), tf.sum(dy, 0)];
      },
    };
  }),
};

/** Returns summed log-probabilities [2 pairs]. */
function logps(m, w, batch, ops) {
  const { context: t, width: c, heads, prompt, vocabulary } = m, n = batch.sequences;
  const affine = (x, name) => tf.add(ops.linear(x, w[`${name}.weight`]), w[`${name}.bias`]);
  const norm = (x, name) => ops.layerNorm(x, w[`${name}.gain`], w[`${name}.bias`]);
  const split = (x) => tf.transpose(tf.reshape(x, [n, t, heads, c / heads]), [0, 2, 1, 3]);
  let x = tf.reshape(tf.add(tf.reshape(ops.linear(batch.read, w.wte), [n, t, c]), w.wpe), [n * t, c]);
  for (let i = 0; i < m.layers; i++) {
    const layer = `layers.${i}.`;
    const [q, k, v] = tf.split(affine(norm(x, `${layer}ln1`), `${layer}attn.qkv`), 3, 1).map(split);
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(c / heads)), batch.future);
    const attended = tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]), [n * t, c]);
    x = tf.add(x, affine(attended, `${layer}attn.out`));
    x = tf.add(x, affine(ops.gelu(affine(norm(x, `${layer}ln2`), `${layer}mlp.up`)), `${layer}mlp.down`));
  }
  const predicting = tf.reshape(tf.slice(tf.reshape(x, [n, t, c]), [0, prompt - 1, 0], [n, batch.response, c]), [n * batch.response, c]);
  const logp = tf.logSoftmax(ops.linear(norm(predicting, 'lnf'), w['head.weight']));
  return tf.sum(tf.reshape(tf.sum(tf.mul(logp, batch.predicted), -1), [n, batch.response]), -1);
}

/** AdamW with clipping, as toy/testdata/oracle.py has it. */
class Optimizer {
  constructor(m, w) {
    Object.assign(this, { m, w, steps: 0, first: {}, second: {} });
    for (const { name } of m.tensors) {
      this.first[name] = tf.variable(tf.zeros(w[name].shape), false);
      this.second[name] = tf.variable(tf.zeros(w[name].shape), false);
    }
  }

  step(grads) {
    const { beta1, beta2, eps, decay, clip } = this.m.optimizer, { rate } = this.m;
    this.steps++;
    const correction1 = 1 - beta1 ** this.steps, correction2 = 1 - beta2 ** this.steps;
    const norm = tf.sqrt(tf.addN(Object.values(grads).map((g) => tf.sum(tf.square(g)))));
    const scale = tf.minimum(1, tf.div(clip, tf.add(norm, 1e-6)));
    for (const { name, matrix } of this.m.tensors) {
      const g = tf.mul(grads[name], scale), first = this.first[name], second = this.second[name], w = this.w[name];
      first.assign(tf.add(tf.mul(first, beta1), tf.mul(g, 1 - beta1)));
      second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(g), 1 - beta2)));
      const move = tf.div(tf.div(first, correction1), tf.add(tf.sqrt(tf.div(second, correction2)), eps));
      w.assign(tf.sub(matrix ? tf.mul(w, 1 - rate * decay) : w, tf.mul(move, rate)));
    }
  }
}

drive(async ({ size, tuned }) => {
  setWasmPaths('tfjs/');
  if (!(await tf.setBackend('wasm'))) throw new Error('the backend wasm cannot be had');
  await tf.ready();
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) throw new Error('there is no SIMD');

  const loaded = await load(size), { manifest: m } = loaded, read = arrays(loaded), d = dense(m, read);
  const w = {};
  for (const name in read.weights) w[name] = tf.variable(tf.tensor(read.weights[name].data, read.weights[name].shape), true, name);
  const batch = {
    ...d,
    read: tf.tensor(d.read, [d.sequences * m.context, m.vocabulary]),
    predicted: tf.tensor(d.predicted, [d.sequences * d.response, m.vocabulary]),
    future: tf.tensor(d.future, [m.context, m.context]),
  };
  const reference = tf.tensor(read.reference), kind = tuned ? 'tuned' : 'plain';
  const ops = { linear: linear[kind], gelu: gelu[kind], layerNorm: layerNorm[kind] };
  const optimizer = new Optimizer(m, w), variables = Object.values(w);

  const objective = () => {
    const ratios = tf.mul(tf.sub(logps(m, w, batch, ops), reference), m.beta);
    return tf.mean(tf.softplus(tf.sub(tf.slice(ratios, m.pairs, m.pairs), tf.slice(ratios, 0, m.pairs))));
  };
  return async () => {
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(objective, variables);
      optimizer.step(grads);
      return value;
    });
    const [number] = await loss.data();
    loss.dispose();
    return number;
  };
});
