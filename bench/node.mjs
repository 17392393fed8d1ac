// Our engine in Node, driven like the others: node bench/node.mjs FOLDER SIZE [packed] reads numbers of steps, one a line, and prints their
// losses and seconds as lines of JSON. FOLDER is where bench.mjs builds.

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { start } from './engine.mjs';
import { take } from './workers/drive.mjs';

const [folder, size, packed] = process.argv.slice(2);
await import(pathToFileURL(resolve(folder, 'wasm_exec.js')));
const compile = async (name) => WebAssembly.compile(await readFile(join(folder, name)));
const [program, kernel] = await Promise.all([compile('engine.wasm'), compile('kernel.wasm')]);
const engine = await start(globalThis.Go, program, kernel);
engine.open(size, new Uint8Array(await readFile(join(folder, `data/${size}.bin`))), packed === 'packed');
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await take(engine.step, Number(line))));
}
process.exit(0);
