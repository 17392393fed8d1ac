// How much memory the engine takes, and that hours of training take no more of it.

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, visitTest } from './harness.mjs';

/** What is promised of each worker, in MB of WebAssembly memory. */
const promised = 64;

/** How long the long training is, in minutes. MARGINS_MINUTES=30 makes it half an hour. */
const minutes = Number(process.env.MARGINS_MINUTES ?? 0.25);
const short = minutes < 2;

/** The engine's memory is private to it: each worker keeps a note of what it instantiates. Before the page is opened. */
async function noteMemory(visit) {
  await visit.context.route('**/worker-*.js', async (route) => {
    const response = await route.fetch();
    const note =
      'const i0 = WebAssembly.instantiate; WebAssembly.instantiate = async (...a) => (globalThis.last = await i0(...a), ' +
      'globalThis.memory ??= globalThis.last.exports.mem, globalThis.last);\n';
    await route.fulfill({ response, body: note + (await response.text()) });
  });
}

/** The largest WebAssembly memory of any worker, MB. */
async function largest(page) {
  const all = await Promise.all(page.workers().map((worker) => worker.evaluate(() => (globalThis.memory?.buffer.byteLength ?? 0) / 2 ** 20)));
  return Math.max(...all);
}

visitTest('a default run, looked into, keeps each worker below 64 MB', {}, async (visit, t) => {
  await noteMemory(visit);
  const playground = await (await visit.open()).ready();
  await playground.unfold('Look inside');
  await playground.press();
  await eventually(async () => assert.equal(await playground.says(), 'Play again from the start'), 150);
  await playground.at('embeddings').waitFor();
  const most = await largest(playground.page);
  t.diagnostic(`largest WebAssembly memory of a worker: ${most.toFixed(1)} MB (promised: ${promised})`);
  assert.ok(most > 1 && most < promised, `${most} MB`);
});

visitTest('memory does not grow with training', {}, async (visit, t) => {
  await noteMemory(visit);
  const playground = await (await visit.open('v=1&pairs=64&steps=5000&batch=8&seed=1')).ready();
  if (short) t.diagnostic('SHORTENED to 15 seconds; MARGINS_MINUTES=30 trains for half an hour');
  const start = Date.now();
  const measured = [];
  let steps = 0;
  for (let round = 0; Date.now() - start < minutes * 60_000 || round < 3; round++) {
    await playground.press();
    await pause(Math.max(4000, (minutes * 60_000) / 20));
    steps += (await playground.counter()).step;
    measured.push(await largest(playground.page));
    await playground.at('reset').click(); // the next run takes the place of this one
    await playground.untilItSays('Play');
  }
  t.diagnostic(`${steps} steps of each side in ${measured.length} runs: ${measured.map((m) => m.toFixed(1)).join(', ')} MB`);
  // At first it grows, until as many steps are kept to go back to as ever are; the short training ends while it does.
  const bound = short ? promised : measured[Math.floor(measured.length / 4)] + 3;
  assert.ok(measured.at(-1) <= bound, `${measured} MB`);
});
