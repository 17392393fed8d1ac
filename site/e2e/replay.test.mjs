// The same link gives the same weights, bit for bit: natively, in Node, and in Chromium. And what becomes of links that are not right.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { eventually, root, Visit, visitTest } from './harness.mjs';

const run = promisify(execFile);
const golden = JSON.parse(readFileSync(join(root, 'mmpo/testdata/fingerprints.json')));
assert.ok(golden.length >= 6);

for (const { link, a, b } of golden) {
  test(`natively: ${link}`, { timeout: 120_000 }, async () => {
    const { stdout } = await run(join(root, 'build/margins'), ['replay', link], { maxBuffer: 1 << 24 });
    const replayed = JSON.parse(stdout);
    assert.deepEqual({ a: replayed.a.fingerprint, b: replayed.b.fingerprint }, { a, b });
  });

  test(`in Node: ${link}`, { timeout: 120_000 }, async () => {
    const { stdout } = await run(process.execPath, [join(root, 'site/e2e/replay-in-node.mjs'), link]);
    assert.deepEqual(JSON.parse(stdout), { a, b });
  });

  visitTest(`in Chromium: ${link}`, {}, async (visit) => {
    const playground = await (await visit.open(link)).ready();
    assert.deepEqual(await playground.run(), { a, b });
    assert.deepEqual(await playground.notices(), []);
  });
}

const clipboard = { permissions: ['clipboard-read', 'clipboard-write'] };

visitTest('a link that was copied gives the same run in another profile', clipboard, async (visit) => {
  const playground = await (await visit.open('v=1&pairs=32&steps=4&batch=8&seed=3')).ready();
  await playground.at('levels-2').check();
  await playground.at('ties-drop').check();
  await playground.at('param-stakes').selectOption('mid');
  await playground.at('objective-a').selectOption('cdpo');
  await playground.type('param-b-gamma', 0.8);
  await playground.type('param-seed', 11);
  const prints = await playground.run();
  await playground.at('share').click();
  await playground.page.getByText('Link copied').waitFor();
  const copied = await playground.page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.startsWith(`${visit.address}#v=1&`), copied);
  const settings = copied.split('&engine=')[0]; // what follows is the claim of which weights the run ended in
  await eventually(() => assert.equal(playground.page.url(), settings, 'the address follows the settings'));

  const other = await Visit.begin();
  const there = await (await other.open(copied.split('#')[1])).ready();
  assert.deepEqual(await there.run(), prints);
  assert.equal(await there.at('objective-a').inputValue(), 'cdpo');
  assert.equal(await there.at('param-stakes').inputValue(), 'mid');
  assert.equal(await there.at('param-b-gamma').inputValue(), '0.8');
  assert.ok(await there.at('levels-2').isChecked());
  assert.ok(await there.at('ties-drop').isChecked());
  assert.deepEqual(await there.notices(), []);
  await there.at('verified').waitFor();
  assert.equal(await there.at('verified').innerText(), 'Same run, bit for bit');

  // A claim that is not true is found out.
  const forged = await (await other.open(copied.split('#')[1].replace(prints.b, prints.a))).ready();
  assert.deepEqual(await forged.run(), prints);
  await forged.at('differs').waitFor();
  assert.match(await forged.at('differs').innerText(), /^Side B differs from the run of the link\./);
  await other.end();
});

visitTest('where the clipboard is refused, the link is shown', {}, async (visit) => {
  const playground = await (await visit.open()).ready();
  await playground.page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('refused'));
  });
  await playground.at('share').click();
  const link = playground.page.getByLabel('Link of these settings');
  assert.equal(await link.inputValue(), `${visit.address}#v=1&seed=1`);
});

/** Links that are not right: what is said, and how many pairs there are then; 512 are as many as without a link. */
const flawed = [
  { link: 'v=1&lr=7&pairs=99', says: /Learning rate: 7 is not possible, so 1 is used\./, pairs: '99' },
  { link: 'v=1&pairs=-3&seed=1', says: /Pairs: -3 is not possible, so 8 is used\./, pairs: '8' },
  { link: 'v=1&colour=red&pairs=99', says: /"colour" is not a setting that this version knows, so it is ignored\./, pairs: '99' },
  { link: 'v=1&pairs=99&stakes=moon', says: /This link could not be used: stakes: there is no "moon"\./, pairs: '512' },
  { link: 'v=1&pairs=99&beta=large', says: /This link could not be used: beta: "large" is not a number\./, pairs: '512' },
  { link: 'v=1&pairs=99&noise=NaN', says: /This link could not be used: noise: "NaN" is not a number\./, pairs: '512' },
  { link: 'v=9&pairs=99', says: /This link could not be used: the link has version "9"; this page reads version 1\./, pairs: '512' },
  { link: 'v=1&pairs=%zz', says: /This link could not be used: the link cannot be read/, pairs: '512' },
  { link: `v=1&pairs=99&x=${'y'.repeat(9000)}`, says: /This link could not be used: the link is \d+ bytes long/, pairs: '512' },
];

visitTest('a flawed link is answered with a sentence, and the page goes on', {}, async (visit) => {
  for (const { link, says, pairs } of flawed) {
    const playground = await (await visit.open(link)).ready();
    await eventually(async () => assert.match((await playground.notices()).join('\n'), says));
    assert.equal(await playground.at('param-pairs').inputValue(), pairs, link);
    await playground.page.locator('section[aria-label=Pairs] .card').first().waitFor();
    await playground.page.close();
  }
});

visitTest('a link in the address bar of an open page changes its settings; a flawed one leaves them', {}, async (visit) => {
  const playground = await (await visit.open('v=1&pairs=99&seed=1')).ready();
  const go = (link) => playground.page.evaluate((link) => (location.hash = link), link);
  await go('v=1&pairs=77&seed=1');
  await eventually(async () => assert.equal(await playground.at('param-pairs').inputValue(), '77'));
  await go('v=1&pairs=88&stakes=moon');
  await playground.at('notice').waitFor();
  assert.match((await playground.notices()).join(), /there is no "moon"/);
  assert.equal(await playground.at('param-pairs').inputValue(), '77');
});

visitTest('a run that diverges says so and what to lower, and the other side goes on', {}, async (visit) => {
  const playground = await (await visit.open('v=1&pairs=64&steps=40&batch=16&a.lr=1&clip=100&seed=1')).ready();
  await playground.press();
  const alarm = playground.at('diverged-a');
  await alarm.waitFor();
  assert.match(await alarm.innerText(), /learning rate/i);
  await playground.finish();
  assert.deepEqual(await playground.counter(), { step: 40, steps: 40 }, 'B took all its steps');
  const { a, b } = await playground.fingerprints();
  assert.equal(a, null);
  assert.match(b, /^[0-9a-f]{64}$/);
  assert.equal(await playground.at('diverged-b').count(), 0);
  await playground.at('status').getByText('Diverged: A', { exact: true }).waitFor();

  // What it says helps.
  await playground.unfold('Training and model');
  await playground.type('param-lr', 0.0005);
  await playground.press();
  await playground.finish();
  assert.match((await playground.fingerprints()).a, /^[0-9a-f]{64}$/);
  assert.equal(await playground.at('diverged-a').count(), 0);
});
