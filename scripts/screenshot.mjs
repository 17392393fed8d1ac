// Takes the pictures of the README: starts build/margins, plays the default comparison to its end and photographs the page, light and
// dark. node scripts/screenshot.mjs (make screenshot)

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const { chromium } = createRequire(path('site/package.json'))('playwright-core');

const server = spawn(path('build/margins'), ['-addr', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await new Promise((resolve) => createInterface(server.stdout).once('line', (...args) => resolve(args)));
const url = line.match(/http:\S+/)[0];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme });
    await page.goto(url);
    await page.getByTestId('play').click();
    // Until both runs have ended and show the fingerprints that they computed, not the recorded ones.
    await page.waitForFunction(() => /^Done/.test(document.querySelector('[data-testid=status]')?.textContent ?? ''), null, { timeout: 180_000 });
    await page.screenshot({ path: path(`docs/margins-${colorScheme}.png`) });
    await page.close();
  }
} finally {
  await browser.close();
  server.kill();
}
