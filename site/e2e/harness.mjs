// What every test of the page stands on: the program that serves it, a real Chromium, and a page that is not allowed to complain.
// CHROMIUM names the browser (default /usr/bin/chromium). A test that fails leaves a picture in build/e2e.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { Playground } from './playground.mjs';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A test's time in milliseconds: several times what the longest needs, for a machine that does other things, too. MARGINS_MINUTES is how long
 * the test of memory trains, if it is not to be short.
 */
const limit = 180_000 + 90_000 * Number(process.env.MARGINS_MINUTES ?? 0);

// Flags with which Chromium runs as root, without a display and without looking for updates.
const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
];

// ---- What is started once a file and stopped at its end -----------------------------------------------------------------------------

const stops = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

const once = (start) => {
  let started;
  return () => (started ??= start());
};

/** Serves the page as visitors get it, by the native program on a free port. Resolves to its address. */
export const program = once(async () => {
  const child = spawn(join(root, 'build/margins'), ['-addr', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  stops.push(() => child.kill());
  for await (const line of createInterface(child.stdout)) {
    const address = /http:\/\/\S+/.exec(line)?.[0];
    if (address) return `${address}/`;
  }
  throw new Error('build/margins ended without saying where it serves');
});

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };

/**
 * Serves the build below a sub-path, as a simple file server would: no policy, no compression, and text/plain for each type that it does
 * not know, of which .wasm is one. Resolves to the page's address.
 */
export const fileServer = once(async () => {
  const prefix = '/class/margins/';
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://host').pathname;
    const file = path === prefix ? 'index.html' : path.slice(prefix.length);
    const body = path.startsWith(prefix) ? await readFile(join(root, 'site/dist', file)).catch(() => null) : null;
    response.writeHead(body ? 200 : 404, { 'Content-Type': types[extname(file)] ?? 'text/plain' });
    response.end(body);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}${prefix}`;
});

const browser = once(async () => {
  const launched = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: flags });
  stops.push(() => launched.close());
  return launched;
});

// ---- Visits -------------------------------------------------------------------------------------------------------------------------

/**
 * A visitor's browser profile. Whatever its pages and their workers complain about is gathered in problems, and so is every request that
 * goes anywhere but to the page's own server.
 */
export class Visit {
  problems = [];

  constructor(context, address) {
    this.context = context;
    this.address = address;
    const note = (problem) => this.problems.push(problem);
    context.on('console', (message) => message.type() === 'error' && note(`console: ${message.text()} (${message.location().url})`));
    context.on('weberror', (event) => note(`uncaught: ${event.error().stack ?? event.error()}`));
    context.on('requestfailed', (request) => note(`failed: ${request.url()} (${request.failure()?.errorText})`));
    context.on('response', (response) => response.status() >= 400 && note(`status ${response.status()}: ${response.url()}`));
    context.on('request', (request) => {
      const own = request.url().startsWith(address) || /^(blob|data):/.test(request.url());
      if (!own) note(`request to elsewhere: ${request.url()}`);
    });
    context.on('page', (page) => page.on('crash', () => note('the page crashed')));
  }

  /** Begins a visit in a profile of its own. Options are those of a browser context, and address, if it is not the program's. */
  static async begin({ address, ...options } = {}) {
    const context = await (await browser()).newContext({ viewport: { width: 1440, height: 900 }, ...options });
    context.setDefaultTimeout(60_000);
    await context.addInitScript(tellOfWorkers);
    return new Visit(context, address ?? (await program()));
  }

  /** Opens the page in another tab, with a link's settings if there is one. */
  async open(link = '') {
    const page = await this.context.newPage();
    await page.goto(this.address + (link && `#${link}`));
    return new Playground(page);
  }

  /** Ends the visit, and fails if there was anything to complain about. */
  async end() {
    await this.context.close();
    assert.deepEqual(this.problems, [], 'the console, the pages and their requests are quiet');
  }

  async picture(name) {
    const folder = join(root, 'build/e2e');
    mkdirSync(folder, { recursive: true });
    const pages = this.context.pages();
    for (const [i, page] of pages.entries()) {
      await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, '-')}-${i}.png`), fullPage: true }).catch(() => {});
    }
  }
}

/** In the page: lets the console tell of errors that end a worker, which the page answers by itself, and Playwright does not see. */
function tellOfWorkers() {
  globalThis.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      this.addEventListener('error', (event) => console.error(`a worker failed: ${event.message}`));
      this.addEventListener('message', ({ data }) => data.crash && console.error(`a worker ended: ${data.crash}`));
    }
  };
}

/** A test with a visit of its own. */
export function visitTest(name, options, body) {
  test(name, { timeout: limit }, async (t) => {
    const visit = await Visit.begin(typeof options === 'function' ? await options() : options);
    try {
      await body(visit, t);
    } catch (error) {
      await visit.picture(name);
      if (visit.problems.length > 0) error.message += `\nBesides, the page complained:\n${visit.problems.join('\n')}`;
      await visit.context.close();
      throw error;
    }
    await visit.end();
  });
}

/** Tries again until check passes, and gives up with its last error. What is slow on a busy machine is no failure. */
export async function eventually(check, seconds = 60) {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await pause(50);
  }
}
