// Runs the engine and carries messages between it and whoever started it: a page through worker.mjs, or a program in Node.

import { instantiate } from './instantiate.mjs';

/**
 * @param {any} Go the class that Go's wasm_exec.js defines
 * @param {WebAssembly.Module} engine the program of package wasm
 * @param {WebAssembly.Module} kernel toy/kernel/kernel.wasm
 * @param {(data: object, transfer: ArrayBuffer[]) => void} send takes {message, attachments}, {floats, tag, id} or, at the end, {crash}
 * @returns {(data: {request: object, attachments?: object}) => void} takes requests; those that come before the engine is up wait
 */
export function start(Go, engine, kernel, send) {
  const { port1: timer, port2: bell } = new MessageChannel();
  const waiting = [];
  let up = false;
  let awake = false;

  const handle = ({ request, attachments }) => margins.handle(JSON.stringify(request), attachments);
  const crash = (error) => {
    up = false;
    timer.close();
    send({ crash: String(error?.message ?? error) }, []);
  };

  // What the program sees as globalThis.margins; it adds handle(request, attachments) and tick().
  const margins = {
    ready() {
      up = true;
      waiting.splice(0).forEach(handle);
    },
    post(json, attachments) {
      send({ message: JSON.parse(json), attachments }, Object.values(attachments).map((array) => array.buffer));
    },
    wake() {
      if (!awake) bell.postMessage(0);
      awake = true;
    },
  };
  globalThis.margins = margins;

  // A turn of the event loop lies between two steps, so that requests come through while a run plays.
  timer.onmessage = () => {
    awake = false;
    if (!up) return;
    const wait = margins.tick(); // milliseconds; negative when there is nothing to do
    if (wait === 0) margins.wake();
    else if (wait > 0) setTimeout(margins.wake, wait);
  };

  // Copies n floats of the program's memory, which grows now and then and takes older views with it.
  let memory;
  const emit = (pointer, n, tag, id) => {
    const floats = new Float32Array(memory.buffer, pointer >>> 0, n).slice();
    send({ floats, tag, id }, [floats.buffer]);
  };

  instantiate(Go, engine, kernel, { emit })
    .then(({ go, instance }) => {
      memory = instance.exports.mem;
      go.exit = (code) => crash(`The engine ended with code ${code}.`);
      return go.run(instance);
    })
    .catch(crash);

  return (data) => {
    if (up) handle(data);
    else waiting.push(data);
  };
}
