// The engine's host in a browser.

import engineURL from '@build/engine.wasm?url';
import fullURL from '@build/full.wasm?url';
import kernelURL from '@build/kernel.wasm?url';
import type { Port } from './client';
import type { Host } from './engine';

const programURLs = { engine: engineURL, full: fullURL };

/** Workers of the programs that `make engine` builds, and files beside the page. */
export const browser: Host = {
  async prepare(program) {
    const [engine, kernel] = await Promise.all([compile(programURLs[program]), compile(kernelURL)]);
    return () => {
      const worker = new Worker(new URL('../../../wasm/worker.mjs', import.meta.url), { type: 'module' });
      worker.postMessage({ boot: { engine, kernel } });
      return worker as Port;
    };
  },
  async fetch(path) {
    const response = await load(path);
    return new Uint8Array(await response.arrayBuffer());
  },
};

/** Compiles while it loads where the server names the type of WebAssembly, and afterwards where it does not. */
async function compile(url: string): Promise<WebAssembly.Module> {
  const response = await load(url);
  if (response.headers.get('Content-Type')?.startsWith('application/wasm')) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

async function load(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} could not be loaded (${response.status}).`);
  return response;
}
