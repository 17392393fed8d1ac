// The page's worker.
//
//   page -> worker   {boot: {engine, kernel}}                        two WebAssembly.Modules, once
//                    {request, attachments}                          protocol.go's Request; reference, data: Uint8Array; file: Blob
//   worker -> page   {message, attachments}                          an answer or an event
//                    {floats, tag, id}                               numbers of a run
//                    {crash}                                         the program has ended; nothing more will come

import '@build/wasm_exec.js';
import { start } from './host.mjs';

let receive;

self.onmessage = ({ data }) => {
  if (data.boot) receive = start(globalThis.Go, data.boot.engine, data.boot.kernel, (message, transfer) => self.postMessage(message, transfer));
  else receive(data);
};
