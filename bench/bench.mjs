// The benchmark of `make bench`: node bench/bench.mjs [SIZES=T,S,M,L] [ENGINES=all] [ROUNDS=3] [SECONDS=1.5] [EXTRAS=1]. README.md
// explains it. The exit code is 1 if an engine was refused.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join as path } from 'node:path';
import { blas, chromium, engines, ours } from './engines.mjs';
import { extras } from './extras.mjs';
import { folder, root, serve } from './hosts.mjs';
import { measure } from './measure.mjs';
import { join, table } from './results.mjs';

const slow = 5000; // milliseconds a step, from which on an engine is measured in the first round only

function parse(argv) {
  const options = { SIZES: 'T,S,M,L', ENGINES: 'all', ROUNDS: '3', SECONDS: '1.5', EXTRAS: '1' };
  for (const argument of argv) {
    const [name, value] = argument.split('=');
    if (!(name in options)) throw new Error(`there is no option ${name}; there are ${Object.keys(options).join(', ')}`);
    if (value) options[name] = value;
  }
  const ids = options.ENGINES === 'all' ? engines.map(({ id }) => id) : options.ENGINES.split(',');
  const known = engines.map(({ id }) => id);
  for (const id of ids) if (!known.includes(id)) fail(`there is no engine ${id}; there are ${known.join(', ')}`);
  const chosen = engines.filter(({ id }) => ids.includes(id));
  const sizes = options.SIZES.split(',');
  for (const size of sizes) if (!/^[TSML]$/.test(size)) fail(`SIZES are of T, S, M and L, not ${size}`);
  const positive = (name) => {
    const number = Number(options[name]);
    return number > 0 ? number : fail(`${name} is a positive number, not ${options[name]}`);
  };
  return { sizes, chosen, rounds: positive('ROUNDS'), seconds: positive('SECONDS'), withExtras: options.EXTRAS !== '0' };
}

function fail(message) {
  throw new Error(message);
}

/** Makes what the engines read and run. */
async function prepare(chosen) {
  execFileSync(path(folder, 'margins'), ['bench', '--write', path(folder, 'data')], { stdio: 'inherit' });
  for (const [from, to] of [
    ['build/kernel.wasm', 'kernel.wasm'], ['build/wasm_exec.js', 'wasm_exec.js'], ['build/engine.wasm', 'page.wasm'],
    ['mmpo/references/script-48x2x4.ckpt', 'reference.ckpt'],
  ]) {
    copyFileSync(path(root, from), path(folder, to));
  }
  if (!chromium()) await bundle(['engine', 'run', 'limits', ...new Set(chosen.flatMap(({ peer }) => peer ?? []))]);
}

/** Makes one file of each worker, and puts beside them what they load. */
async function bundle(workers) {
  const { build } = await import('esbuild');
  const entryPoints = workers.map((name) => path(root, `bench/workers/${name}.mjs`));
  await build({ entryPoints, outdir: folder, bundle: true, format: 'esm', target: 'es2022', logLevel: 'error' });
  if (!workers.includes('tfjs')) return;
  mkdirSync(path(folder, 'tfjs'), { recursive: true });
  const wasm = 'tfjs-backend-wasm-simd.wasm';
  copyFileSync(path(root, 'bench/node_modules/@tensorflow/tfjs-backend-wasm/dist', wasm), path(folder, 'tfjs', wasm));
}

/** Leaves out what this machine lacks, loudly. */
function available(chosen) {
  return chosen.filter(({ title, lacks }) => {
    const why = lacks();
    if (why) console.log(`\n!!! SKIPPED: ${title}: ${why}\n`);
    return !why;
  });
}

/** Measures an engine once. A failure is a result, too. */
async function once(server, engine, size, seconds) {
  let host;
  try {
    host = await engine.start(server, size);
    return { size, engine: engine.id, ...(await measure(host, seconds)) };
  } catch (error) {
    return { size, engine: engine.id, error: String(error.message ?? error) };
  } finally {
    await host?.stop();
  }
}

/** Measures all in turn, so that what the machine does besides falls on all alike. */
async function rounds(server, { sizes, chosen, rounds, seconds }) {
  const measured = [];
  for (let round = 1; round <= rounds; round++) {
    for (const size of sizes) {
      for (const engine of chosen) {
        if (engine.sizes && !engine.sizes.includes(size)) continue;
        if (measured.some((m) => m.engine === engine.id && m.size === size && (m.ms > slow || m.error))) continue;
        const result = await once(server, engine, size, seconds);
        measured.push(result);
        console.log(`round ${round}  ${size}  ${engine.id.padEnd(16)}${tell(result)}`);
      }
    }
  }
  return measured;
}

/** What the figures were measured on. */
function describe(chosen) {
  const machine = { processor: cpus()[0].model, cores: cpus().length, load: loadavg() };
  console.log(`${machine.cores} x ${machine.processor}, load average ${loads()}`);
  if (chosen.some(({ id }) => id === 'torch')) {
    machine.blas = blas();
    console.log(`PyTorch multiplies with ${machine.blas}`);
    if (!/openblas/.test(machine.blas)) console.log('\n!!! That is slower than OpenBLAS (Debian: libopenblas0-pthread)\n');
  }
  return machine;
}

const loads = () => loadavg().map((x) => x.toFixed(1)).join(' ');
const title = (id) => engines.find((engine) => engine.id === id).title;

function print(rows, manifests) {
  for (const [size, m] of Object.entries(manifests)) {
    console.log(`\n${size}: vocabulary ${m.vocabulary}, context ${m.context}, width ${m.width}, ${m.layers} layers, ${m.heads} heads, ` +
      `${m.pairs} pairs: ${(m.work.flop / 1e9).toFixed(3)} GFLOP and ${m.tokens} tokens a step`);
    console.log(table(rows.filter((row) => row.size === size), ours, title));
  }
}

function tell({ error, ms, clock, steps }) {
  return error ?? `${ms.toFixed(2)} ms/step (clock ${clock.toFixed(2)}, ${steps} steps, load ${loadavg()[0].toFixed(1)})`;
}

async function main() {
  const options = parse(process.argv.slice(2));
  mkdirSync(folder, { recursive: true });
  options.chosen = available(options.chosen);
  await prepare(options.chosen);
  const machine = describe(options.chosen);
  const read = (file) => JSON.parse(readFileSync(file));
  const manifests = Object.fromEntries(options.sizes.map((size) => [size, read(path(folder, `data/${size}.json`))]));
  const server = await serve();
  try {
    const measured = await rounds(server, options);
    const packed = (id) => Boolean(engines.find((engine) => engine.id === id).packed);
    const { rows, refused } = join(measured, manifests, read(path(root, 'bench/expected.json')), packed);
    print(rows, manifests);
    const more = options.withExtras && !chromium() ? await extras(server, manifests) : {};
    console.log(`\nload average ${loads()}`);
    writeFileSync(path(root, 'build/bench.json'), `${JSON.stringify({ rows, refused, machine, ...more }, null, 2)}\n`);
    for (const { size, engine, why } of refused) console.log(`\nREFUSED: ${title(engine)} at ${size}: ${why}`);
    process.exitCode = refused.length > 0 ? 1 : 0;
  } finally {
    server.stop();
  }
}

await main();
