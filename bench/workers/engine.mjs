// Our engine in a worker. With {watched: true} its operations are timed: that costs a little, so it is never part of a measured step.

import '../../build/wasm_exec.js';
import { start } from '../engine.mjs';
import { watch } from '../watch.mjs';
import { drive, load } from './drive.mjs';

let engine, watched;
drive(
  async ({ size, packed = false, watched: timed = false }) => {
    if (timed) watched = watch();
    const compile = (name) => WebAssembly.compileStreaming(fetch(name));
    const [program, kernel, { data }] = await Promise.all([compile('engine.wasm'), compile('kernel.wasm'), load(size)]);
    engine = await start(globalThis.Go, program, kernel);
    engine.open(size, new Uint8Array(data), packed);
    return engine.step;
  },
  {
    /** Takes n steps. @returns {{seconds: number, steps: {operation: number, seconds: number}[][]}} of all; the calls of each */
    profile(n) {
      const steps = [];
      const start = performance.now();
      for (let i = 0; i < n; i++) {
        watched.calls.length = 0;
        engine.step();
        steps.push([...watched.calls]);
      }
      return { seconds: (performance.now() - start) / 1000, steps };
    },
    /** Writes the responses of samples.go once. */
    samples(size) {
      const start = performance.now();
      engine.samples(size);
      return { seconds: (performance.now() - start) / 1000 };
    },
  },
);
