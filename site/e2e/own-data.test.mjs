// A visitor's own file: read, reported, kept, previewed, trained on, taken away and taken back.

import assert from 'node:assert/strict';
import { emoji, csv, gz, h4, json, jsonl, pairs } from './fixtures/pairs.mjs';
import { eventually, visitTest } from './harness.mjs';

/** A small model that fits in seconds, and a run of few steps. */
const quick = 'v=1&pairs=64&steps=12&batch=16&lr=0.003&width=16&layers=1&heads=2&seed=2';

const files = [
  { name: 'pairs.jsonl', content: jsonl(), read: 'Graded pairs (JSON lines)' },
  { name: 'pairs.json', content: json(), read: 'Graded pairs (JSON array)' },
  { name: 'pairs.csv', content: csv(), read: 'Graded pairs (CSV)' },
  { name: 'pairs.jsonl.gz', content: gz(), read: 'Graded pairs (JSON lines, gzip)' },
  { name: 'h4.jsonl', content: h4(), read: 'UltraFeedback, binarized (JSON lines)' },
];

visitTest('every kind of file is read, and the same rows are the same data set', {}, async (visit) => {
  const playground = await (await visit.open(quick)).ready();
  const report = playground.at('import-report');
  for (const [i, { name, content, read }] of files.entries()) {
    await playground.pick(name, content);
    await report.getByText(`Read as ${read}: 120 rows, 120 used, 0 skipped.`, { exact: false }).waitFor();
    const said = (await report.innerText()).replace(/\s+/g, ' ');
    assert.match(said, /Scores from 1 to 10, /, name);
    assert.match(said, new RegExp(`${new Set(pairs.map((p) => p.prompt)).size} distinct prompts\\.`), name);
    assert.equal(/This data set was here already/.test(said), i > 0, name);
  }
});

visitTest('a file is kept, previewed, trained on, deleted and taken back', {}, async (visit) => {
  const playground = await (await visit.open(quick)).ready();
  const { page } = playground;
  await playground.pick('my pairs.jsonl', jsonl());
  const entry = playground.datasets();
  await entry.getByText('my pairs.jsonl').waitFor();
  const id = (await entry.getAttribute('data-testid')).slice('dataset-'.length);
  assert.match(id, /^data:[0-9a-f]{16}$/);
  await eventually(async () => assert.equal(await playground.at('param-world').inputValue(), id, 'the settings turn to it'));

  await preview(playground);

  // Training fits a model to the texts first, and says how far it is.
  await playground.press();
  await page.getByText(/^First the model reads these texts: step \d+ of \d+, loss \d\.\d\d nats a token$/).waitFor();
  await playground.finish();
  const prints = await playground.fingerprints();
  for (const label of await playground.dots()) {
    const [, n, learned] = /: (\d+) pairs\. Mean target \d+\.\d\d, mean learned (.+)\.$/.exec(label);
    assert.equal(n, '64');
    assert.ok(Number(learned) > 0.1, `this side has learned: ${label}`);
  }
  for (const side of ['a', 'b']) assert.match(await playground.at(`big-score-${side}`).innerText(), /^\d+ %$/);
  const [held] = /\d+ held out/.exec(await playground.summary());
  assert.ok(parseInt(held) > 0, 'prompts are held out');
  const texts = await playground.at('samples').locator('.prompt').allInnerTexts();
  assert.ok(texts.length > 0 && texts.every((text) => pairs.some((p) => text.trim() === p.prompt)), `${texts}`);

  // All is there after a reload, the fitted model too; the address holds the settings.
  assert.ok(decodeURIComponent(page.url()).includes(`world=${id}`), page.url());
  await page.reload();
  await playground.ready();
  await entry.getByText('my pairs.jsonl').waitFor();
  assert.equal(await playground.at('param-world').inputValue(), id);
  const before = Date.now();
  assert.deepEqual(await playground.run(), prints);
  console.log(`with the fitted model kept, the run took ${((Date.now() - before) / 1000).toFixed(1)} s`);

  await playground.at(`delete-${id}`).click();
  await playground.at('notice').getByText('my pairs.jsonl was deleted.').waitFor();
  assert.equal(await entry.count(), 0);
  await page.getByText('which is not on this device', { exact: false }).waitFor();
  await playground.at('undo').click();
  await entry.getByText('my pairs.jsonl').waitFor();
  assert.equal(await page.getByText('which is not on this device', { exact: false }).count(), 0);
  await playground.press();
  await playground.finish();
  assert.deepEqual(await playground.fingerprints(), prints, 'nothing of it was lost');
});

/** Looks at the records: they are the file's, signs of many code points and right-to-left texts included. */
async function preview(playground) {
  const shown = playground.at('preview');
  await playground.datasets().getByRole('button', { name: 'Preview' }).click();
  await shown.waitFor();
  for (let first = 0; first < 15; first += 5) {
    await shown.getByText(`${first + 1}–${first + 5} of 120`).waitFor();
    for (const [i, item] of (await shown.locator('li').all()).entries()) {
      const { prompt, chosen, rejected, score_chosen, score_rejected } = pairs[first + i];
      const texts = await item.locator('p').allInnerTexts();
      const expected = [prompt, `${score_chosen.toFixed(1)} ${chosen}`, `${score_rejected.toFixed(1)} ${rejected}`];
      assert.deepEqual(texts.map((text) => text.trim()), expected);
    }
    await shown.getByRole('button', { name: 'More' }).click();
  }
  assert.ok(pairs[7].prompt.includes(emoji));
  const rtl = shown.locator('p', { hasText: /^[\u0590-\u06ff]/ }).first();
  assert.equal(await rtl.evaluate((p) => getComputedStyle(p).direction), 'rtl');
}

visitTest('the pairs of a file are shown as they were written', {}, async (visit) => {
  const playground = await (await visit.open(quick)).ready();
  const { page } = playground;
  await playground.pick('pairs.jsonl', jsonl());
  await eventually(async () => assert.match(await playground.at('param-world').inputValue(), /^data:/));
  await page.getByText('Pairs appear once the model has been fitted', { exact: false }).waitFor();
  await playground.press();
  await playground.finish();
  const known = new Set(pairs.map((p) => [p.prompt, p.chosen, p.rejected].join('|')));
  for (const pair of await playground.pairs(30)) {
    const key = [pair.prompt.replace(/^Prompt\s+/, ''), pair.chosen.text, pair.rejected.text].join('|');
    assert.ok(known.has(key), `${key} is a pair of the file`);
  }
});

visitTest('two tabs share what is kept', {}, async (visit) => {
  const one = await (await visit.open(quick)).ready();
  const two = await (await visit.open(quick)).ready();
  await one.pick('first.jsonl', jsonl(pairs.slice(0, 60)));
  await one.datasets().getByText('first.jsonl').waitFor();
  await two.pick('second.jsonl', jsonl(pairs.slice(60)));
  await two.datasets().getByText('second.jsonl').waitFor();
  await two.datasets().getByText('first.jsonl').waitFor();
  await one.page.reload();
  await one.ready();
  await one.datasets().getByText('second.jsonl').waitFor();
  assert.equal(await one.datasets().count(), 2);

  // What one tab deletes, the other can still take back or go without.
  const first = two.datasets().filter({ hasText: 'first.jsonl' });
  await first.getByRole('button', { name: 'Delete first.jsonl' }).click();
  await eventually(async () => assert.equal(await first.count(), 0));
  await one.datasets().filter({ hasText: 'second.jsonl' }).getByRole('button', { name: 'Preview' }).click();
  await one.at('preview').getByText('1–5 of 60').waitFor();
});

visitTest('a file can be dropped, and an import or a fit can be canceled', {}, async (visit) => {
  const playground = await (await visit.open(quick)).ready();
  const { page } = playground;
  const dropped = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], 'dropped.jsonl'));
    return transfer;
  }, jsonl());
  await page.locator('label.drop').dispatchEvent('drop', { dataTransfer: dropped });
  await playground.datasets().getByText('dropped.jsonl').waitFor();

  await playground.press();
  await page.getByText(/^First the model reads these texts: step/).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await playground.untilItSays('Play');
  assert.deepEqual(await playground.notices(), [], 'who cancels needs no notice');
  await playground.press();
  await playground.finish();
});
