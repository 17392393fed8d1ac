// What a visitor sees before pressing anything: a finished run, before the engine is there, on every width and from any file server.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, fileServer, root, visitTest } from './harness.mjs';

const recorded = JSON.parse(readFileSync(join(root, 'site/dist/recorded/default.json')));

visitTest('a recorded run is on the page before the engine is loaded', {}, async (visit) => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await visit.context.route('**/*.wasm', async (route) => {
    await held;
    await route.continue();
  });
  const playground = await visit.open();
  const { page } = playground;

  await page.getByText('recorded run', { exact: true }).waitFor();
  assert.match(await page.locator('.task').innerText(), /^[A-Z][^.!?]+\.$/, 'one sentence says what this is');
  assert.equal(await page.locator('.next').innerText(), 'This run is a recording. Play your own.');
  assert.equal(await page.getByText('From the recorded run.').count(), 2, 'each side is labelled');
  assert.deepEqual(await playground.counter(), { step: 160, steps: 160 });
  assert.deepEqual(await playground.fingerprints(), { a: recorded.a.state.fingerprint, b: recorded.b.state.fingerprint });

  await eventually(async () => {
    for (const token of ['--a', '--b-stroke']) {
      assert.ok((await playground.painted(playground.chart('True score'), token)) > 50, `the curve in ${token} is drawn`);
    }
    for (const [i, token] of ['--a', '--b'].entries()) {
      const canvas = playground.at('scatter').locator('canvas').nth(i);
      assert.ok((await playground.painted(canvas, token)) > 100, `the dots in ${token} are drawn`);
    }
  });
  assert.equal(await playground.at('samples').locator('li').count(), 3);
  for (const side of ['a', 'b']) assert.match(await playground.at(`big-score-${side}`).innerText(), /^\d\.\d\d$|^10\.00$/);
  assert.match(await playground.summary(), / 512 pairs to learn from, 256 held out\.$/);
  assert.equal(page.workers().length, 0, 'no engine yet');

  release();
  await playground.ready();
  assert.equal(page.workers().length, 3);
  assert.equal(await page.getByText('From the recorded run.').count(), 2, 'the engine takes nothing away');
});

const plain = async () => ({ address: await fileServer() });

visitTest('the build runs below a sub-path of a file server that does not know .wasm', plain, async (visit) => {
  const [golden] = JSON.parse(readFileSync(join(root, 'mmpo/testdata/fingerprints.json')));
  const playground = await (await visit.open(golden.link)).ready();
  assert.deepEqual(await playground.run(), { a: golden.a, b: golden.b });
});

/** The widths of a phone, a tablet and a desktop, in pixels; a phone shows a part of the page at a time. */
const screens = [
  { width: 390, tabs: ['Data', 'Train', 'Result'] },
  { width: 1024, tabs: [] },
  { width: 1440, tabs: [] },
];

for (const { width, tabs } of screens) {
  visitTest(`nothing reaches beyond a screen of ${width} pixels`, { viewport: { width, height: 800 } }, async (visit) => {
    const playground = await (await visit.open()).ready();
    const { page } = playground;
    const beyond = () =>
      page.evaluate(() => {
        const inner = document.documentElement.clientWidth;
        return { scrolls: document.scrollingElement.scrollWidth > inner, hidden: getComputedStyle(document.body).overflowX === 'hidden' };
      });
    assert.deepEqual(await beyond(), { scrolls: false, hidden: false });
    for (const tab of tabs) {
      await page.getByRole('button', { name: tab, exact: true }).click();
      assert.deepEqual(await beyond(), { scrolls: false, hidden: false }, tab);
    }
    if (tabs.length > 0) await page.getByRole('button', { name: 'Data', exact: true }).click();
    await playground.unfold('Training and model');
    assert.deepEqual(await beyond(), { scrolls: false, hidden: false }, 'with all settings');
  });
}
