// Runs a Go program that was built for js/wasm, usually a test binary, together with the SIMD kernel:
//
//   GOOS=js GOARCH=wasm go test -exec "node $PWD/wasm/goexec.mjs --host=chromium" ./datasets ./toy/kernel
//
// --host=node runs it in this process, with IndexedDB from the package fake-indexeddb. --host=chromium runs it in a dedicated worker
// of a headless browser, under the page's own Content-Security-Policy, where there are no files but those that the program makes, in
// memory. CHROMIUM names the browser (default /usr/bin/chromium). --timeout=SECONDS ends a program that does not end by itself.
// The exit code is the program's; 1 if it could not be run, 124 after a timeout.

import { execFileSync } from 'node:child_process';
import { readFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { instantiate } from './instantiate.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const installed = createRequire(join(root, 'site/package.json')); // finds the packages of site/node_modules
const emptyModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

// Flags with which Chromium runs as root, without a display and without looking for updates.
const chromiumFlags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
];
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";

const hosts = { node: runInNode, chromium: runInChromium };

/** @param {string[]} argv this program's options, the Go program's path and its arguments */
function parse(argv) {
  const options = { host: 'node', timeout: 660 }; // a little more than go test's own limit of ten minutes
  let i = 0;
  for (; argv[i]?.startsWith('--'); i++) {
    const [name, value] = argv[i].slice(2).split('=');
    if (!(name in options) || !value) throw new Error(`unknown option ${argv[i]}`);
    options[name] = value;
  }
  if (!hosts[options.host]) throw new Error(`--host is node or chromium, not ${options.host}`);
  if (!(Number(options.timeout) > 0)) throw new Error(`--timeout is a number of seconds, not ${options.timeout}`);
  if (i >= argv.length) throw new Error('usage: goexec.mjs [--host=node|chromium] [--timeout=SECONDS] PROGRAM [ARGUMENT...]');
  return { host: options.host, timeout: Number(options.timeout), program: argv[i], args: argv.slice(i + 1) };
}

function wasmExecPath() {
  const goroot = process.env.GOROOT || execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
  return join(goroot, 'lib/wasm/wasm_exec.js');
}

function kernelBytes() {
  const path = join(root, 'toy/kernel/kernel.wasm');
  return existsSync(path) ? readFileSync(path) : emptyModule; // programs that need no kernel run before it is built
}

/** What the program sees of the environment: Go has room for 12 kB of arguments and environment, and some shells have more. */
function environment() {
  const wanted = Object.entries(process.env).filter(([name]) => /^(GO|MARGINS_)/.test(name));
  return { TMPDIR: tmpdir(), ...Object.fromEntries(wanted) };
}

/**
 * Node's files, but output is written at once, as in a browser. Otherwise a Go program that prints within a callback from JavaScript
 * would wait for ever: the callback for the write, the write's completion for the end of the callback.
 */
function filesOfNode(fs) {
  return {
    ...fs,
    write(fd, bytes, offset, length, position, callback) {
      if (fd !== 1 && fd !== 2) return fs.write(fd, bytes, offset, length, position, callback);
      let written = 0;
      while (written < length) written += fs.writeSync(fd, bytes, offset + written, length - written);
      callback(null, written);
    },
  };
}

async function runInNode({ program, args }) {
  const require = createRequire(import.meta.url);
  Object.assign(globalThis, { require, fs: filesOfNode(require('node:fs')), path: require('node:path') });
  let indexedDB;
  try {
    indexedDB = installed.resolve('fake-indexeddb/auto');
  } catch {
    // Not installed: the program finds no IndexedDB, and a test that needs it says so.
  }
  if (indexedDB) await import(pathToFileURL(indexedDB));
  require(wasmExecPath());

  const [main, kernel] = await Promise.all([WebAssembly.compile(readFileSync(program)), WebAssembly.compile(kernelBytes())]);
  const { go, instance } = await instantiate(globalThis.Go, main, kernel);
  go.argv = [program, ...args];
  go.env = environment();
  go.exit = process.exit; // at once: timers of the program, such as a test's time limit, would keep the process alive
  process.on('exit', (code) => {
    if (code !== 0 || go.exited) return;
    // Nothing is left that could wake the program: let it print its goroutines.
    go._pendingEvent = { id: 0 };
    go._resume();
  });
  return go.run(instance);
}

/** The worker's script. Its messages are {fd, text} for output, {exit} at the end, and {failure}. */
const workerScript = `
import './wasm_exec.js';
import { instantiate } from './instantiate.mjs';

const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
const constants = { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024, O_DIRECTORY: 65536 }; // Linux's
const files = new Map(); // bytes by path
const opened = new Map(); // {path, at} by descriptor
let descriptor = 3;
const fail = (callback, code) => callback(Object.assign(new Error(code), { code }));

Object.assign(fs, {
  constants,
  writeSync(fd, bytes) {
    postMessage({ fd, text: decoders[fd].decode(bytes, { stream: true }) });
    return bytes.length;
  },
  open(path, flags, mode, callback) {
    if (!files.has(path) && !(flags & constants.O_CREAT)) return fail(callback, 'ENOENT');
    if (files.has(path) && flags & constants.O_EXCL) return fail(callback, 'EEXIST');
    if (!files.has(path) || flags & constants.O_TRUNC) files.set(path, new Uint8Array());
    opened.set(descriptor, { path, at: 0 });
    callback(null, descriptor++);
  },
  write(fd, bytes, offset, length, position, callback) {
    const piece = bytes.slice(offset, offset + length); // a copy, which Go does not change
    if (fd < 3) return callback(null, fs.writeSync(fd, piece));
    const file = opened.get(fd);
    const at = position ?? file.at;
    const before = files.get(file.path);
    const after = new Uint8Array(Math.max(before.length, at + length));
    after.set(before);
    after.set(piece, at);
    files.set(file.path, after);
    file.at = at + length;
    callback(null, length);
  },
  read(fd, bytes, offset, length, position, callback) {
    const file = opened.get(fd);
    const at = position ?? file.at;
    const piece = files.get(file.path).subarray(at, at + length);
    bytes.set(piece, offset);
    file.at = at + piece.length;
    callback(null, piece.length);
  },
  close(fd, callback) {
    opened.delete(fd);
    callback(null);
  },
  unlink(path, callback) {
    if (files.delete(path)) callback(null);
    else fail(callback, 'ENOENT');
  },
  stat: (path, callback) => fail(callback, 'ENOENT'),
  lstat: (path, callback) => fail(callback, 'ENOENT'),
});
process.cwd = () => '/';

try {
  const [main, kernel, { argv, env }] = await Promise.all([
    WebAssembly.compileStreaming(fetch('program.wasm')),
    WebAssembly.compileStreaming(fetch('kernel.wasm')),
    fetch('setup.json').then((response) => response.json()),
  ]);
  const { go, instance } = await instantiate(Go, main, kernel);
  Object.assign(go, { argv, env, exit: (code) => postMessage({ exit: code }) });
  await go.run(instance);
} catch (error) {
  postMessage({ failure: String(error?.stack ?? error) });
}
`;

/** Serves the page, the worker and the programs on a free port of the loopback interface. */
async function serve({ program, args }) {
  const setup = { argv: [program, ...args.filter((a) => !a.startsWith('-test.testlogfile='))], env: environment() }; // it is a file
  const text = 'text/html', script = 'text/javascript', wasm = 'application/wasm', json = 'application/json';
  const files = {
    '/': [text, '<!doctype html><title>Go</title>'],
    '/favicon.ico': ['image/x-icon', ''], // browsers ask for it, and would complain
    '/worker.mjs': [script, workerScript],
    '/wasm_exec.js': [script, readFileSync(wasmExecPath())],
    '/instantiate.mjs': [script, readFileSync(new URL('instantiate.mjs', import.meta.url))],
    '/program.wasm': [wasm, readFileSync(program)],
    '/kernel.wasm': [wasm, kernelBytes()],
    '/setup.json': [json, JSON.stringify(setup)],
  };
  const server = createServer((request, response) => {
    const [type, body] = files[request.url] ?? [];
    response.writeHead(type ? 200 : 404, { 'Content-Type': type ?? 'text/plain', 'Content-Security-Policy': policy });
    response.end(body);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return server;
}

async function runInChromium(run) {
  const { chromium } = installed('playwright-core');
  const server = await serve(run);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: chromiumFlags });
  try {
    return await runInPage(await browser.newPage(), `http://127.0.0.1:${server.address().port}/`);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

/** @returns {Promise<number>} the program's exit code */
async function runInPage(page, url) {
  let done, fail;
  const exit = new Promise((resolve, reject) => { done = resolve; fail = reject; });
  page.on('crash', () => fail(new Error('the page crashed')));
  page.on('console', (message) => console.error(`${message.type()}: ${message.text()}`));
  await page.exposeFunction('report', (message) => {
    if ('text' in message) (message.fd === 2 ? process.stderr : process.stdout).write(message.text);
    if ('exit' in message) done(message.exit);
    if ('failure' in message) fail(new Error(message.failure));
  });
  await page.goto(url);
  await page.evaluate(() => {
    const worker = new Worker('worker.mjs', { type: 'module' });
    worker.onmessage = ({ data }) => window.report(data);
    worker.onerror = (event) => window.report({ failure: event.message ?? 'the worker could not be started' });
  });
  return exit;
}

async function main() {
  const run = parse(process.argv.slice(2));
  const timer = setTimeout(() => {
    console.error(`goexec: ${run.program} has not ended after ${run.timeout} s`);
    process.exit(124); // Playwright ends its browser with this process
  }, run.timeout * 1000);
  timer.unref();
  process.exit(await hosts[run.host](run));
}

main().catch((error) => {
  console.error(`goexec: ${error.stack ?? error}`);
  process.exit(1);
});
