// What a visitor loads stays small: the page before the engine, and the engine. Reads the build in dist.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('dist/', import.meta.url));
const assets = readdirSync(`${dist}assets`);

/** The page, and the scripts and styles that it or they name, but for those that only import() or new Worker() reach. */
function pageFiles() {
  const html = readFileSync(`${dist}index.html`, 'utf8');
  const files = new Set(Array.from(html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css))"/g), (match) => match[1]));
  // A Set's loop also visits what is added on the way.
  for (const file of files) {
    if (!file.endsWith('.js')) continue;
    const source = readFileSync(dist + file, 'utf8');
    for (const match of source.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g)) files.add(`assets/${match[1]}`);
  }
  return ['index.html', ...files];
}

/** The engine, the kernel, and the worker's script, which holds Go's wasm_exec.js. */
const engineFiles = () =>
  assets.filter((name) => /^(?:engine|kernel)-.*\.wasm$|^worker-.*\.js$/.test(name)).map((name) => `assets/${name}`);

/** Adds up and prints the sizes that packed gives for files. */
function total(title, files, packed) {
  const sizes = files.map((file) => [file, packed(file)]);
  const sum = sizes.reduce((sum, [, size]) => sum + size, 0);
  const each = sizes.map(([file, size]) => `${file} ${size.toLocaleString('en')}`).join(', ');
  console.log(`${title}: ${sum.toLocaleString('en')} bytes (${each})`);
  return sum;
}

test('the page before the engine is at most 100 kB in gzip', () => {
  const files = pageFiles();
  assert.ok(files.some((file) => file.endsWith('.js')), `the page loads a script: ${files}`);
  const size = total('page, gzip', files, (file) => gzipSync(readFileSync(dist + file)).length);
  assert.ok(size <= 100_000, `${size} bytes`);
});

test('the engine is at most 1.0 MB in brotli', () => {
  const files = engineFiles();
  for (const part of ['engine', 'kernel', 'worker']) {
    assert.equal(files.filter((file) => file.startsWith(`assets/${part}-`)).length, 1, `one ${part} among ${assets}`);
  }
  const size = total('engine, brotli', files, (file) => readFileSync(`${dist + file}.br`).length);
  assert.ok(size <= 1_000_000, `${size} bytes`);
  total('full program, brotli, on demand', assets.filter((name) => /^full-.*\.wasm$/.test(name)).map((name) => `assets/${name}`), (file) => readFileSync(`${dist + file}.br`).length);
});
