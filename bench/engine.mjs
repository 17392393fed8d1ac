// Starts bench/engine, our engine with the work of package bench, in a browser's worker or in Node.

import { instantiate } from '../wasm/instantiate.mjs';

/**
 * @param {any} Go the class that Go's wasm_exec.js defines
 * @param {WebAssembly.Module} program bench/engine built for js/wasm
 * @param {WebAssembly.Module} kernel toy/kernel/kernel.wasm
 * @returns {Promise<{open: Function, step: () => number, samples: Function}>} what engine/main_js.go adds to globalThis.bench
 */
export async function start(Go, program, kernel) {
  const { go, instance } = await instantiate(Go, program, kernel);
  return new Promise((resolve, reject) => {
    globalThis.bench = { ready: () => resolve(globalThis.bench) };
    go.run(instance).then(() => reject(new Error('the engine ended')), reject);
  });
}
