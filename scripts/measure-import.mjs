// Measures what a large file costs in the tab: seconds and memory of its import and of training on it, in headless Chromium.
// make build, then node scripts/measure-import.mjs [pairs] [bytes a pair]  (default 100000 1000)

import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const { chromium } = createRequire(path('site/package.json'))('playwright-core');
const [pairs, size] = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 1000)];
// A small model, few steps: it is the data that is measured.
const link = 'v=1&width=16&layers=1&heads=1&steps=20&pairs=512&seed=1';

/** Writes rows of about size bytes, whose words are as frequent as in a language (Zipf). */
async function write(file) {
  let state = 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const words = Array.from({ length: 30_000 }, (_, i) => (i + 20).toString(26).replace(/[0-9]/g, (d) => 'qrstuvwxyz'[d]));
  const text = (bytes) => {
    let s = '';
    while (s.length < bytes) s += words[Math.floor(words.length ** random()) - 1] + ' ';
    return s.trim();
  };
  const out = createWriteStream(file);
  for (let i = 0; i < pairs; i++) {
    const row = { prompt: text(0.2 * size), chosen: text(0.36 * size), rejected: text(0.36 * size), score_chosen: 5 + (i % 6), score_rejected: 1 + (i % 5) };
    if (!out.write(`${JSON.stringify(row)}\n`)) await new Promise((done) => out.once('drain', done));
  }
  await new Promise((done) => out.end(done));
}

/**
 * What the renderers below the browser's process hold for themselves, in megabytes, and the processor's seconds that they have taken: on a
 * busy machine these tell more than the clock.
 */
function renderers(root) {
  const stats = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      stats.set(pid, readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' '));
    } catch {
      // it has ended
    }
  }
  const below = (pid) => pid === String(root) || (stats.has(pid) && pid !== '1' && below(stats.get(pid)[1]));
  let [kB, ticks] = [0, 0];
  for (const [pid, stat] of stats) {
    try {
      if (!below(pid) || !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer')) continue;
      ticks += Number(stat[11]) + Number(stat[12]);
      for (const [, n] of readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Private_\w+:\s+(\d+) kB/gm)) kB += Number(n);
    } catch {
      // it has ended
    }
  }
  return { held: kB / 1000, seconds: ticks / 100 };
}

const folder = mkdtempSync(join(tmpdir(), 'margins-import-'));
const file = join(folder, 'large.jsonl');
const server = spawn(path('build/margins'), ['-addr', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
let browser;
try {
  await write(file);
  const [line] = await new Promise((resolve) => createInterface(server.stdout).once('line', (...args) => resolve(args)));
  browser = await chromium.launchServer({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const root = browser.process().pid;
  const page = await (await (await chromium.connect(browser.wsEndpoint())).newContext()).newPage();
  page.setDefaultTimeout(600_000);
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, renderers(root).held)), 250);
  /** Runs a stage and tells its time and memory. */
  const stage = async (name, work) => {
    peak = 0;
    const [start, before] = [performance.now(), renderers(root).seconds];
    await work();
    const seconds = (performance.now() - start) / 1000;
    await new Promise((done) => setTimeout(done, 1000));
    const now = renderers(root);
    const numbers = [`${seconds.toFixed(1)} s`, `${(now.seconds - before).toFixed(1)} s of processor`, `${now.held.toFixed(0)} MB held`, `${peak.toFixed(0)} MB at most`];
    console.log(`${name}: ${numbers.join(', ')}`);
  };
  console.log(`${pairs} pairs, ${(readFileSync(file).length / 1e6).toFixed(0)} MB; private memory of the tab's process`);
  await stage('the page, engine ready', async () => {
    await page.goto(`${line.match(/http:\S+/)[0]}#${link}`);
    await page.locator('[data-testid=import-input]:not(:disabled)').waitFor({ state: 'attached' });
  });
  await stage('import', async () => {
    await page.getByTestId('import-input').setInputFiles(file);
    await page.getByTestId('import-report').waitFor();
  });
  await stage('reference fitted, pairs, 20 steps', async () => {
    await page.getByTestId('play').click();
    await page.waitForFunction(() => /^Done/.test(document.querySelector('[data-testid=status]')?.textContent ?? ''));
  });
  await stage('another seed, 20 steps', async () => {
    const print = page.getByTestId('fingerprint-a');
    const before = await print.getAttribute('title');
    await page.goto(page.url().replace(/seed=\d+/, 'seed=2'));
    await page.locator('[data-testid=play][aria-label*=pply]').click();
    await page.waitForFunction((before) => {
      const now = document.querySelector('[data-testid=fingerprint-a]')?.getAttribute('title');
      return now && now !== before;
    }, before);
  });
  clearInterval(watch);
} finally {
  await browser?.close();
  server.kill();
  rmSync(folder, { recursive: true });
}
