// A default run in the page's own engine, for the memory that it holds.

import '../../build/wasm_exec.js';
import { start } from '../../wasm/host.mjs';
import { watch } from '../watch.mjs';
import { answer } from './drive.mjs';

answer({
  /**
   * Plays side B of a link to its end, evaluations included.
   * @returns {Promise<{bytes: number, seconds: number}>} of WebAssembly memory; of the run
   */
  async run(link) {
    const { memory } = watch();
    const compile = (name) => WebAssembly.compileStreaming(fetch(name));
    const [program, kernel] = await Promise.all([compile('page.wasm'), compile('kernel.wasm')]);
    const reference = new Uint8Array(await (await fetch('reference.ckpt')).arrayBuffer());
    return new Promise((resolve, reject) => {
      let begun;
      const steps = {
        linkRead: ({ comparison }) => receive({ request: { type: 'open', experiment: comparison.b, id: 2 }, attachments: { reference } }),
        opened() {
          begun = performance.now();
          receive({ request: { type: 'play', id: 0 } });
        },
        state({ phase }) {
          if (phase === 'done') resolve({ bytes: memory(), seconds: (performance.now() - begun) / 1000 });
          if (phase === 'diverged') reject(new Error('the run diverged'));
        },
        failed: ({ message }) => reject(new Error(message)),
      };
      const receive = start(globalThis.Go, program, kernel, ({ message, crash }) => {
        if (crash) reject(new Error(crash));
        steps[message?.type]?.(message);
      });
      receive({ request: { type: 'readLink', link, id: 1 } });
    });
  },
});
