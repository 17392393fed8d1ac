// The engine in Node: the same program, messages and kernel as in the page's workers. Run by itself, it replays links:
//
//   node wasm/node.mjs REFERENCE LINK...
//
// prints the fingerprints of both sides of each link as lines of JSON, {link, a, b}, given the reference's checkpoint.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { start } from './host.mjs';

const built = (name) => fileURLToPath(new URL(`../build/${name}`, import.meta.url));

/** An engine whose answers are promises. Messages of runs, which nobody waits for, go to watch. */
export async function connect(watch = () => {}) {
  await import(built('wasm_exec.js'));
  const [engine, kernel] = await Promise.all(['engine.wasm', 'kernel.wasm'].map(async (name) => WebAssembly.compile(await readFile(built(name)))));
  const pending = new Map();
  let id = 0;
  const settle = ({ message, attachments, crash, ...rest }) => {
    if (crash) for (const { reject } of pending.values()) reject(new Error(crash));
    const caller = pending.get(message?.id);
    if (!caller || message.type === 'progress') return watch({ message, attachments, ...rest });
    pending.delete(message.id);
    if (message.type === 'failed') caller.reject(new Error(`${message.code}: ${message.message}`));
    else caller.resolve({ message, attachments });
  };
  const receive = start(globalThis.Go, engine, kernel, settle);
  return {
    /** Sends a request that is answered. */
    ask: (request, attachments) =>
      new Promise((resolve, reject) => {
        pending.set(++id, { resolve, reject });
        receive({ request: { ...request, id }, attachments });
      }),
    /** Sends a request whose answer, if it has one, is an event. */
    tell: (request) => receive({ request: { ...request, id: 0 } }),
  };
}

/** Runs an experiment to its end and returns its last state. */
export async function complete(experiment, reference) {
  let finish;
  const ended = new Promise((resolve) => (finish = resolve));
  const engine = await connect(({ message }) => {
    if (message?.type === 'state' && ['done', 'diverged'].includes(message.phase)) finish(message);
  });
  await engine.ask({ type: 'open', experiment }, { reference });
  engine.tell({ type: 'play' });
  return ended;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reference = new Uint8Array(await readFile(process.argv[2]));
  for (const link of process.argv.slice(3)) {
    const { message } = await (await connect()).ask({ type: 'readLink', link });
    const { a, b } = message.comparison;
    const line = { link, a: (await complete(a, reference)).fingerprint, b: (await complete(b, reference)).fingerprint };
    console.log(JSON.stringify(line));
  }
  process.exit(0);
}
