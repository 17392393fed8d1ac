// What the workers of all engines share: they answer {open}, then {steps}, each in its turn.

/** Reads a size's manifest and bytes. @param {string} name */
export async function load(name) {
  const [manifest, data] = await Promise.all([
    fetch(`data/${name}.json`).then((response) => response.json()),
    fetch(`data/${name}.bin`).then((response) => response.arrayBuffer()),
  ]);
  return { manifest, data };
}

/** Cuts the data into its arrays (data.go says how they lie): weights by name, tokens, lengths, reference. */
export function arrays({ manifest: m, data }) {
  let at = 0;
  const take = (Type, n) => {
    const array = new Type(data, at, n);
    at += 4 * n;
    return array;
  };
  const weights = {};
  for (const { name, rows, cols } of m.tensors) {
    weights[name] = { data: take(Float32Array, rows * cols), shape: rows > 1 ? [rows, cols] : [cols] };
  }
  const sequences = 2 * m.pairs;
  return {
    weights,
    tokens: take(Int32Array, sequences * (m.context + 1)),
    lengths: take(Int32Array, sequences),
    reference: take(Float32Array, sequences),
  };
}

/**
 * The batch as dense matrices, for libraries in which lookups by index have no (fast) gradient: read and predicted are one-hot, the latter
 * zero where the response has ended; future is added to attention scores.
 */
export function dense(m, { tokens, lengths }) {
  const { context, vocabulary, prompt } = m, sequences = 2 * m.pairs, response = context + 1 - prompt;
  const read = new Float32Array(sequences * context * vocabulary);
  const predicted = new Float32Array(sequences * response * vocabulary);
  for (let s = 0; s < sequences; s++) {
    const token = (i) => tokens[s * (context + 1) + i];
    for (let i = 0; i < context; i++) read[(s * context + i) * vocabulary + token(i)] = 1;
    for (let i = 0; i < lengths[s]; i++) predicted[(s * response + i) * vocabulary + token(prompt + i)] = 1;
  }
  const future = Float32Array.from({ length: context * context }, (_, i) => (i % context > Math.floor(i / context) ? -1e9 : 0));
  return { read, predicted, future, sequences, response };
}

/** @param {(step: () => number | Promise<number>, n: number) => Promise<{losses: number[], seconds: number}>} */
export async function take(step, n) {
  const losses = [];
  const start = performance.now();
  for (let i = 0; i < n; i++) losses.push(await step());
  return { losses, seconds: (performance.now() - start) / 1000 };
}

/**
 * Answers the page's messages by the functions of that name.
 * @param {Record<string, (argument: any) => any>} functions
 */
export function answer(functions) {
  self.onmessage = async ({ data: { id, name, argument } }) => {
    try {
      self.postMessage({ id, result: await functions[name](argument) });
    } catch (error) {
      self.postMessage({ id, error: String(error?.stack ?? error) });
    }
  };
}

/** Answers with an engine's steps. @param {(options: object) => Promise<() => number | Promise<number>>} open makes the step */
export function drive(open, others = {}) {
  let step;
  answer({
    async open(options) {
      step = await open(options);
    },
    steps: (n) => take(step, n),
    ...others,
  });
}
