// Looking inside a policy while it learns, and its weights as files: out of one run, into another, and into the native program.

import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, root, visitTest } from './harness.mjs';

const run = promisify(execFile);

async function inspect(page, state) {
  const { violations } = await new AxeBuilder({ page }).include('[data-testid=inside]').include('[data-testid=weights-b]').analyze();
  const grave = violations.filter((v) => ['serious', 'critical'].includes(v.impact));
  assert.deepEqual(grave.map((v) => `${v.id}: ${v.nodes.map((n) => n.target)}`), [], state);
}

/** The number after a word in what is said of the run that is looked into. */
const told = async (playground, word) =>
  Number(new RegExp(`${word} (\\S+)`).exec(await playground.at('inside-step').innerText())[1].replace('−', '-').replace(',', ''));

/** A sum that a strip's title tells, in nats. */
const nats = async (playground, response) =>
  Number(/([+−]?[\d.]+) nats/.exec(await playground.at(`strip-${response}`).locator('legend').innerText())[1].replace('−', '-'));

for (const colorScheme of ['light', 'dark']) {
  visitTest(`the inside of a policy follows its run, ${colorScheme}`, { colorScheme }, async (visit) => {
    const playground = await (await visit.open('v=1&pairs=64&steps=5000&batch=8&seed=3')).ready();
    const { page } = playground;
    const loaded = [];
    page.on('request', (request) => loaded.push(request.url()));
    await playground.unfold('Look inside');
    await playground.at('inside-open').click();
    assert.ok(loaded.some((url) => /Inside-.*\.js$/.test(url)), 'it is loaded when it is opened');
    await playground.at('strip-rejected').waitFor();
    assert.equal(await told(playground, 'step'), 0);
    assert.equal(await nats(playground, 'chosen'), 0, 'the policy is the reference');

    // It goes on looking while the run plays, and stands with it.
    await playground.press();
    await eventually(async () => assert.ok((await told(playground, 'step')) > 20));
    await playground.press();
    await playground.untilItSays('Play');
    // The counter tells the step that both sides have reached; this one may be ahead.
    await eventually(async () => {
      const step = await told(playground, 'step');
      assert.ok(step >= (await playground.counter()).step);
      await page.waitForTimeout(700); // longer than between two looks
      assert.equal(await told(playground, 'step'), step, 'it stands with the run');
    });
    const h = await told(playground, 'h');
    const beta = Number(await playground.at('param-b-beta').inputValue());
    const difference = (await nats(playground, 'chosen')) - (await nats(playground, 'rejected'));
    assert.ok(Math.abs(h - beta * difference) < 0.02, `h = beta times the difference of the log-ratios: ${h}, ${beta}, ${difference}`);

    // Each token tells its numbers, by pointer and by keyboard.
    const tokens = playground.at('strip-chosen').locator('input');
    await tokens.nth(2).focus();
    await page.keyboard.press('ArrowRight');
    assert.ok(await tokens.nth(3).isChecked());
    const word = await playground.at('strip-chosen').locator('.word').nth(3).innerText();
    await playground.at('token-in-focus').getByText(`“${word}”`).waitFor();
    assert.equal(await playground.at('next-tokens').locator('tr.here').count(), 1);
    await playground.at('attention').getByRole('radio', { name: 'Layer 2, head 3' }).check({ force: true });
    const shares = await playground.at('takes-from').locator('li span:last-child').allInnerTexts();
    assert.equal(shares.length, 5);
    assert.ok(shares.reduce((sum, s) => sum + parseInt(s), 0) <= 102, `${shares}`);
    const map = playground.at('attention').locator('.chosen-map canvas');
    assert.ok((await playground.painted(map, '--play')) > 0, 'the map is drawn');
    assert.ok((await playground.painted(playground.at('embeddings').locator('canvas'), '--b')) > 20, 'the tokens of the pair are drawn');

    // Another pair, the other side.
    const before = await playground.at('strip-chosen').locator('.word').allInnerTexts();
    await page.getByRole('button', { name: 'Next pair' }).click();
    await eventually(async () => assert.notDeepEqual(await playground.at('strip-chosen').locator('.word').allInnerTexts(), before));
    const { chosen } = await playground.pair();
    await eventually(async () => {
      const shown = (await playground.at('strip-chosen').locator('.word').allInnerTexts()).slice(0, -1).join(' ');
      assert.equal(shown.replace(/ ([.,])/g, '$1'), chosen.text);
    });
    await playground.at('inside-a').check({ force: true });
    await eventually(async () => assert.notEqual(await told(playground, 'h'), h));
    await page.evaluate(() => document.activeElement.blur());
    await inspect(page, colorScheme);
  });
}

visitTest('on a phone the inside needs no sideways scrolling', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }, async (visit) => {
  const playground = await (await visit.open('v=1&pairs=32&steps=4&batch=8&seed=3')).ready();
  const { page } = playground;
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await playground.unfold('Look inside');
  await playground.at('inside-open').click();
  await playground.at('embeddings').waitFor();
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await inspect(page, 'phone');
});

visitTest('weights leave as a file, which another run and the native program read', {}, async (visit) => {
  const playground = await (await visit.open('v=1&pairs=32&steps=6&batch=8&seed=3')).ready();
  const { page } = playground;
  const prints = await playground.run();
  const card = (side) => playground.at(`weights-${side}`);
  await card('b').locator('summary').click();
  const [download] = await Promise.all([page.waitForEvent('download'), playground.at('save-weights-b').click()]);
  assert.equal(download.suggestedFilename(), 'margins-mmpo-step6.safetensors');
  const file = await download.path();
  const native = JSON.parse((await run(join(root, 'build/margins'), ['eval', file, '--json'])).stdout);
  assert.equal(native.fingerprint, prints.b);
  assert.equal(native.step, 6);
  const score = Number(await playground.at('big-score-b').innerText());
  assert.equal(native.metrics.true_score.toFixed(2), score.toFixed(2));

  // Into the other side of another run, which has then B's policy.
  await playground.at('reset').click();
  await playground.untilItSays('Play');
  await card('a').locator('summary').click();
  await playground.at('load-weights-a').setInputFiles({ name: 'b.safetensors', mimeType: '', buffer: await readFile(file) });
  await card('a').getByText(`The policy is that of b.safetensors now, ${prints.b.slice(0, 12)}.`).waitFor();
  await page.getByText('Settings or weights were changed during this run, from step 0 on: no link repeats it.').waitFor();
  await eventually(async () => assert.equal((await playground.at('big-score-a').innerText()), native.metrics.true_score.toFixed(2)));

  // What does not fit is refused with a sentence, and nothing changes.
  await playground.at('load-weights-a').setInputFiles({ name: 'c.safetensors', mimeType: '', buffer: Buffer.from('prompt,chosen,rejected') });
  await card('a').getByRole('alert').getByText(/^These weights cannot be used: this is not a safetensors file/).waitFor();
  await inspect(page, 'weights');
});
