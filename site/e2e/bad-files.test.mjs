// Files that are not what they should be: each is answered with a sentence, and nothing that was there is lost.

import assert from 'node:assert/strict';
import { flawed, gz, jsonl, pairs } from './fixtures/pairs.mjs';
import { eventually, visitTest } from './harness.mjs';

/** What cannot be used, and what is said of it. */
const bad = [
  {
    name: 'notes.txt',
    content: 'Dear diary\nnothing happened today\n',
    says: /The file is neither JSON nor a table with column names in its first line\./,
  },
  { name: 'empty.jsonl', content: '', says: /The file is empty\./ },
  {
    name: 'columns.csv',
    content: 'question,answer\nwhy,because\n',
    says: /The file has the columns answer, question, but not .*chosen.*\. Needed are .*score_rejected/,
  },
  {
    name: 'cut.jsonl.gz',
    content: gz().subarray(0, 700),
    says: /The \.gz file ends in the middle: it was not copied to its end\. Nothing of it was kept\./,
  },
  {
    name: 'broken.gz',
    content: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff]),
    says: /The \.gz file (is damaged|ends in the middle)/,
  },
  {
    name: 'cut.json',
    content: JSON.stringify(pairs).slice(0, 5000),
    says: /The JSON array ends in the middle, at row \d+: its closing bracket is missing/,
  },
  {
    name: 'nan.jsonl',
    content: jsonl(pairs.slice(0, 5).map((p) => ({ ...p, score_chosen: 'N/A' }))),
    says: /None of the 5 rows can be used\..*score_chosen is not a number/,
  },
  { name: 'table.parquet', content: 'PAR1 and so on', says: /The file is in Parquet format\. Save it as JSON lines\./ },
];

visitTest('a bad file is answered with a sentence, and nothing is lost', {}, async (visit) => {
  const playground = await (await visit.open('v=1&pairs=99&seed=1')).ready();
  const { page } = playground;
  await playground.pick('good.jsonl', jsonl());
  await playground.datasets().getByText('good.jsonl').waitFor();
  const address = await eventually(() => (assert.match(page.url(), /world=/), page.url()));

  const alert = page.locator('section.data [role=alert]');
  for (const { name, content, says } of bad) {
    await playground.pick(name, content);
    await alert.filter({ hasText: name }).waitFor();
    assert.match(await alert.innerText(), says, name);
  }

  // A file that is larger than any that is taken is refused without being read.
  await page.evaluate(() => {
    const piece = new Blob([new Uint8Array(1 << 20)]);
    const transfer = new DataTransfer();
    transfer.items.add(new File(Array(257).fill(piece), 'huge.jsonl'));
    const input = document.querySelector('[data-testid=import-input]');
    input.files = transfer.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  });
  await alert.filter({ hasText: 'huge.jsonl' }).waitFor();
  assert.match(await alert.innerText(), /The file has 257 MB; the most that can be imported is 256 MB\./);

  assert.equal(await playground.datasets().count(), 1);
  assert.equal(page.url(), address, 'the settings stay');
  await playground.datasets().getByRole('button', { name: 'Preview' }).click();
  await playground.at('preview').getByText('1–5 of 120').waitFor();
});

visitTest('rows that cannot be used are counted and listed with their lines and reasons', {}, async (visit) => {
  const playground = await (await visit.open()).ready();
  await playground.pick('flawed.jsonl', flawed());
  const report = playground.at('import-report');
  await report.getByText('9 rows, 4 used, 5 skipped.', { exact: false }).waitFor();
  await report.getByText('Which rows').click();
  const rows = (await report.locator('li').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').trim());
  for (const says of [
    /^line 5 score_chosen is not a number: N\/A/,
    /^line 6 not JSON: NaN and Infinity do not exist there/,
    /^line 7 the two responses are the same/,
    /^line 8 not JSON/,
    /^line 9 score_rejected is missing/,
  ]) {
    assert.ok(rows.some((row) => says.test(row)), `${says} is among ${rows.join('\n')}`);
  }
});

visitTest('a file of 50 MB is read while the page stays at hand, and can be given up', {}, async (visit) => {
  const playground = await (await visit.open()).ready();
  const { page } = playground;
  const pick = (name) =>
    page.evaluate(([name, rows]) => {
      const piece = new Blob([rows]);
      const transfer = new DataTransfer();
      transfer.items.add(new File(Array(Math.ceil((50 * 2 ** 20) / piece.size)).fill(piece), name));
      const input = document.querySelector('[data-testid=import-input]');
      input.files = transfer.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    }, [name, jsonl(pairs.map((p) => ({ ...p, chosen: `${p.chosen} `.repeat(40) })))]);

  await pick('given-up.jsonl');
  await page.getByText(/^\d+ rows read$/).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await playground.at('import-input').waitFor({ state: 'attached' });
  assert.equal(await playground.datasets().count(), 0, 'nothing is kept of what was given up');

  const start = Date.now();
  await pick('large.jsonl');
  await page.getByText(/^\d+ rows read$/).waitFor();
  // Meanwhile the page answers: each frame comes, and so does what is pressed.
  const frames = await page.evaluate(async () => {
    let longest = 0;
    for (let i = 0, last = performance.now(); i < 30; i++) {
      const now = await new Promise(requestAnimationFrame);
      longest = Math.max(longest, now - last);
      last = now;
    }
    return longest;
  });
  await page.getByRole('button', { name: 'About Margins' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  assert.ok(await page.getByText(/^\d+ rows read$/).count(), 'the import is still under way');
  await playground.at('import-report').waitFor();
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(`50 MB were read in ${seconds} s; the longest frame meanwhile took ${frames.toFixed(0)} ms (asserted: 1000 ms)`);
  assert.ok(frames < 1000, `${frames} ms`);
  const said = (await playground.at('import-report').innerText()).replace(/\s+/g, ' ');
  const [, rows, used] = /: ([\d,]+) rows, ([\d,]+) used, 0 skipped\./.exec(said);
  assert.equal(rows, used);
  assert.match(said, /occur more than once; they are kept/);
});
