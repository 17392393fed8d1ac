// What is measured besides steps, in the tab: what the core can do at best, where our steps spend their time, the memory of a run, and
// sampling.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { folder, root, worker } from './hosts.mjs';
import { align, median } from './results.mjs';

const profiled = 2; // seconds
const sampled = 5; // times that all samples are written

/** Uses a worker and ends it. */
async function use(address, script, body) {
  const host = await worker(address, script);
  try {
    return await body(host);
  } finally {
    await host.stop();
  }
}

/** GFLOP/s of the loops of limits.c, or undefined where it cannot be built. */
async function limits(server) {
  const object = join(folder, 'limits.o'), wasm = join(folder, 'limits.wasm');
  rmSync(wasm, { force: true });
  try {
    const target = ['--target=wasm32', '-std=c17', '-O3', '-msimd128', '-ffp-contract=off', '-nostdlib', '-ffreestanding'];
    execFileSync('clang-19', [...target, '-c', join(root, 'bench/workers/limits.c'), '-o', object]);
    execFileSync('wasm-ld-19', ['--no-entry', '--strip-all', '-o', wasm, object]);
  } catch (error) {
    console.log(`\n!!! SKIPPED: the limits of this core: clang-19 or wasm-ld-19 does not work: ${error.message}\n`);
  }
  return existsSync(wasm) ? use(server.address, 'limits.js', rates) : undefined;
}

/** The best of ten runs of each loop, each of 50 ms or more, in GFLOP/s. */
async function rates(host) {
  const best = {};
  for (const loop of ['registers', 'microkernel']) {
    let n = 1000;
    while ((await host.ask('run', { loop, n })).seconds < 0.05) n *= 2;
    best[loop] = 0;
    for (let i = 0; i < 10; i++) {
      const { result, share } = await timed(host, 'run', { loop, n });
      best[loop] = Math.max(best[loop], result.operations / result.seconds / share / 1e9);
    }
  }
  return best;
}

/**
 * Asks, and tells besides which share of the seconds in the answer the worker's thread has computed (1 where nobody knows): the clock goes
 * on while a busy machine lets the thread wait.
 */
async function timed(host, name, argument) {
  const before = host.seconds();
  const result = await host.ask(name, argument);
  const share = (host.seconds() - before) / result.seconds;
  return { result, share: share > 0 ? Math.min(1, share) : 1 };
}

/** The operations' names in the order of their numbers, as toy/kernel/kernel.go lists them. */
function operationNames() {
  const source = readFileSync(join(root, 'toy/kernel/kernel.go'), 'utf8');
  const [list] = /const \(\n\top\w+ operation = iota[^)]*\)/.exec(source);
  return [...list.matchAll(/^\top(\w+)/gm)].map(([, name]) => name);
}

/**
 * Where a step's time goes: milliseconds of each operation of the kernel, and of everything else, which is Go's. All steps make the same
 * calls; the lower quartile of a call over the steps leaves out the times that it was interrupted. The page may share memory, for the sake of its
 * clock.
 */
async function profile(server, { name: size, work }) {
  const { result, share } = await use(`${server.address}isolated/`, 'engine.js', async (host) => {
    await host.ask('open', { size, watched: true });
    await host.ask('profile', 3);
    const warm = await host.ask('profile', 3);
    return timed(host, 'profile', Math.max(8, Math.ceil((3 * profiled) / warm.seconds)));
  });
  const { seconds, steps } = result, ms = (1000 * share * seconds) / steps.length;
  const rows = operationNames().map((operation) => ({ operation, calls: 0, ms: 0 }));
  for (const [i, { operation }] of steps[0].entries()) {
    rows[operation].calls++;
    rows[operation].ms += 1000 * quartile(steps.map((calls) => calls[i].seconds));
  }
  const gemm = rows.filter(({ operation }) => operation.startsWith('MatMul')).reduce((sum, row) => sum + row.ms, 0);
  rows.push({ operation: 'Go', calls: 1, ms: ms - rows.reduce((sum, row) => sum + row.ms, 0) });
  const used = rows.filter(({ calls }) => calls > 0).sort((a, b) => b.ms - a.ms);
  return { size, ms, gemm_gflop_per_s: work.gemm / gemm / 1e6, rows: used };
}

const quartile = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 2];

/** One table of all sizes: per cent of a step, and the rate of matrix products. */
function profileTable(profiles, rates) {
  const operations = [...new Set(profiles.flatMap(({ rows }) => rows.map(({ operation }) => operation)))];
  const share = ({ ms, rows }, operation) => {
    const row = rows.find((row) => row.operation === operation);
    return row ? `${((100 * row.ms) / ms).toFixed(1)} %` : '';
  };
  const lines = operations.map((operation) => [operation, ...profiles.map((p) => share(p, operation))]);
  const gemm = profiles.map((p) => p.gemm_gflop_per_s);
  lines.push(['a step, ms (with the watch on)', ...profiles.map((p) => p.ms.toFixed(2))]);
  lines.push(['matrix products, GFLOP/s', ...gemm.map((g) => g.toFixed(1))]);
  if (rates) lines.push(['share of the microkernel', ...gemm.map((g) => `${((100 * g) / rates.microkernel).toFixed(0)} %`)]);
  return align([['operation', ...profiles.map(({ size }) => size)], ...lines]);
}

/** Measures and prints all of this; what it returns goes to bench.json. */
export async function extras(server, manifests) {
  const rates = await limits(server);
  if (rates) {
    console.log(`\nThis core in the tab: ${rates.registers.toFixed(1)} GFLOP/s of f32x4 multiplications and additions in registers, ` +
      `${rates.microkernel.toFixed(1)} in a microkernel of 5 x 8`);
  }
  const profiles = [];
  for (const manifest of Object.values(manifests)) profiles.push(await profile(server, manifest));
  console.log(`\n${profileTable(profiles, rates)}`);

  const samples = await use(server.address, 'engine.js', async (host) => {
    await host.ask('open', { size: 'T' });
    const times = [];
    for (let i = 0; i < sampled; i++) {
      const { result, share } = await timed(host, 'samples', 'T');
      times.push(result.seconds * share);
    }
    return median(times);
  });
  console.log(`\n512 samples of 20 tokens with their exact KL, at T: ${samples.toFixed(3)} s`);
  const run = await use(server.address, 'run.js', (host) => host.ask('run', 'v=1'));
  const mebibytes = (run.bytes / 2 ** 20).toFixed(1);
  console.log(`A default run (one side, evaluations included): ${run.seconds.toFixed(2)} s, ${mebibytes} MiB of WebAssembly memory`);
  return { rates, profiles, samples_seconds: samples, run_seconds: run.seconds, run_bytes: run.bytes };
}
