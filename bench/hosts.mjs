// Where engines run: a program driven by lines, or a worker of a headless browser. Both give
//
//   {ask(name, argument), seconds(), stop()}
//
// ask('steps', n) resolves to the losses of n steps and the seconds they took by the clock; seconds() is how long the engine's threads have
// computed.

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ofProcess, ofWorkers } from './threads.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const folder = join(root, 'build/bench');
const installed = createRequire(join(root, 'site/package.json')); // finds the packages of site/node_modules

/** Starts a program that answers lines with lines of JSON. */
export function program(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise((_, reject) => {
    let complaint = '';
    child.stderr.on('data', (text) => (complaint += text));
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`${command} ended with code ${code}. ${complaint.slice(-2000)}`)));
  });
  ended.catch(() => {}); // whoever asks next is told
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(name, argument) {
      child.stdin.write(`${argument}\n`);
      const { value } = await Promise.race([lines.next(), ended]);
      return value === undefined ? ended : JSON.parse(value);
    },
    seconds: () => ofProcess(child.pid),
    stop() {
      child.stdin.end(); // the programs end with their input
      return ended.catch(() => {});
    },
  };
}

// ---- Browser ------------------------------------------------------------------------------------------------------------------------

// Flags with which Chromium runs as root, without a display, without looking for updates, and without slowing down a page that nobody sees.
const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
];
const types = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.wasm': 'application/wasm' };
const page = '<!doctype html><title>bench</title><link rel="icon" href="data:,">';

/**
 * Serves build/bench. Below /isolated/ pages may share memory, so that their clock is good to 5 us instead of 100; peers, which would start
 * threads there, are served without.
 */
export async function serve() {
  const server = createServer(async (request, response) => {
    const [, isolated, path] = /^(\/isolated)?\/([\w./-]*)/.exec(request.url);
    const body = path === '' ? page : await readFile(join(folder, path)).catch(() => null);
    const headers = { 'Content-Type': types[extname(path || 'index.html')] ?? 'application/octet-stream' };
    if (isolated) Object.assign(headers, { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' });
    response.writeHead(body === null ? 404 : 200, headers);
    response.end(body);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Starts a browser with one worker, a script of build/bench. */
export async function worker(address, script) {
  const { chromium } = installed('playwright-core');
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: flags });
  const tab = await browser.newPage();
  tab.setDefaultTimeout(0);
  const problems = [];
  tab.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await tab.goto(address);
  await tab.evaluate(connect, script);
  return {
    async ask(name, argument) {
      const answer = await tab.evaluate(([name, argument]) => globalThis.ask(name, argument), [name, argument]);
      if (answer.error) throw new Error([answer.error, ...problems].join('\n'));
      return answer.result;
    },
    seconds: ofWorkers,
    stop: () => browser.close(),
  };
}

/** Runs in the page. */
function connect(script) {
  const worker = new Worker(script, { type: 'module' });
  const waiting = new Map();
  const settle = (id, answer) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
  };
  worker.onmessage = ({ data }) => settle(data.id, data);
  worker.onerror = (event) => {
    for (const id of waiting.keys()) settle(id, { error: event.message ?? 'the worker could not be started' });
  };
  let last = 0;
  globalThis.ask = (name, argument) =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      worker.postMessage({ id: last, name, argument });
    });
}
