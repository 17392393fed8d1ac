// Runs the loops of limits.c in this browser.

import { answer } from './drive.mjs';

const loaded = WebAssembly.instantiateStreaming(fetch('limits.wasm'));

answer({
  /** Runs a loop n times. @returns {Promise<{operations: number, seconds: number}>} */
  async run({ loop, n }) {
    const { instance } = await loaded;
    const start = performance.now();
    const operations = instance.exports[loop](n);
    return { operations, seconds: (performance.now() - start) / 1000 };
  },
});
