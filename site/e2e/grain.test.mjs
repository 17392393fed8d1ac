// The settings: what each makes of the pairs or of the run, and that nothing restarts by itself.

import assert from 'node:assert/strict';
import { eventually, visitTest } from './harness.mjs';

/** How many pairs are looked at. */
const some = 12;

/** A rater that does not err: what is left between true score and grade is the grain of the scale. */
const steady = 'v=1&pairs=64&noise=0&steps=4&seed=3';

const close = (x, y, within = 0.006) => Math.abs(x - y) <= within; // numbers are shown with two decimals

/** The grades that a rater with so many levels can give, in points. */
const grades = (levels) => Array.from({ length: levels }, (_, i) => 1 + (9 / levels) * (i + 0.5));

const scales = [
  { choice: 'levels-2', levels: 2, said: /^thumb (up|down)$/ },
  { choice: 'levels-3', levels: 3, said: /^[123] of 3$/ },
  { choice: 'levels-5', levels: 5, said: /^[1-5] of 5$/ },
  { choice: 'levels-10', levels: 10, said: /^([1-9]|10) of 10$/ },
];

visitTest('each grain of the feedback grades the same responses in its own way', {}, async (visit) => {
  const playground = await (await visit.open(steady)).ready();
  const { page } = playground;
  const texts = (p) => [p.prompt, ...[p.chosen.text, p.rejected.text].sort()];

  await waitForPairs(playground);
  const exact = await playground.pairs(some);
  for (const pair of exact) {
    assert.ok(close(pair.chosen.grade, pair.chosen.truth), 'an exact grade is the true score');
    assert.ok(close(pair.rejected.grade, pair.rejected.truth));
    assert.ok(close(pair.margin, pair.chosen.grade - pair.rejected.grade, 0.011), JSON.stringify(pair));
    assert.ok(close(pair.target, 1 / (1 + Math.exp(-0.5 * pair.margin))), 'p = sigma(gamma m), at gamma = 0.5');
  }
  for (const { choice, levels, said } of scales) {
    await playground.at(choice).check();
    const possible = grades(levels);
    const fits = (card) => possible.some((g) => close(card.grade, g));
    const pairs = await eventually(async () => {
      const pairs = await playground.pairs(some);
      for (const pair of pairs) assert.ok(fits(pair.chosen) && fits(pair.rejected), `${JSON.stringify(pair)} is not of ${levels} levels`);
      return pairs;
    });
    assert.match(await page.locator('.card .said').first().innerText(), said);
    for (const [i, pair] of pairs.entries()) {
      assert.deepEqual(texts(pair), texts(exact[i]), 'the responses stay');
      for (const card of [pair.chosen, pair.rejected]) {
        const nearest = Math.min(...possible.map((g) => Math.abs(g - card.truth)));
        assert.ok(close(Math.abs(card.grade - card.truth), nearest, 0.011), `${card.truth} is graded ${card.grade} at ${levels} levels`);
      }
      assert.ok(close(pair.margin, pair.chosen.grade - pair.rejected.grade, 0.011));
      assert.ok(pair.margin >= 0);
      assert.ok(close(pair.target, 1 / (1 + Math.exp(-0.5 * pair.margin))));
    }
  }
});

/** Waits until the browser of pairs has something to show. */
async function waitForPairs(playground) {
  await playground.page.locator('section[aria-label=Pairs] .card').first().waitFor();
}

visitTest('noise, ties, stakes and the number of pairs change the pairs', {}, async (visit) => {
  const playground = await (await visit.open(steady)).ready();
  await waitForPairs(playground);
  const before = await playground.pairs(some);

  await playground.type('param-noise', 3);
  await eventually(async () => {
    const pairs = await playground.pairs(some);
    assert.ok(pairs.some((p) => Math.abs(p.chosen.grade - p.chosen.truth) > 1), 'a noisy rater errs by points');
    assert.deepEqual(pairs.map((p) => p.prompt), before.map((p) => p.prompt));
  });

  await playground.at('levels-2').check();
  await eventually(async () => assert.match(await playground.summary(), /[1-9]\d* % ties/));
  await playground.at('ties-drop').check();
  await eventually(async () => {
    const said = await playground.summary();
    const [, left, dropped] = /(\d+) pairs? to learn from, \d+ held out, (\d+) ties? dropped/.exec(said) ?? [];
    assert.equal(Number(left) + Number(dropped), 64, said);
    assert.match(said, / 0 % ties/);
  });
  for (const pair of await playground.pairs(5)) assert.ok(close(pair.margin, 4.5), 'no tie is left');
  await playground.at('ties-keep').check();
  await playground.at('levels-exact').check();
  await playground.type('param-noise', 0);

  // The same scripts are worth something else where something else matters.
  const seen = [before.map((p) => p.chosen.truth).join()];
  for (const stakes of ['flat', 'mid']) {
    await playground.at('param-stakes').selectOption(stakes);
    await eventually(async () => {
      const pairs = await playground.pairs(some);
      for (const pair of pairs) assert.ok(close(pair.chosen.grade, pair.chosen.truth) && close(pair.rejected.grade, pair.rejected.truth));
      const truths = pairs.map((p) => p.chosen.truth).join();
      assert.ok(!seen.includes(truths));
      seen.push(truths);
    });
  }

  await playground.type('param-pairs', 100);
  await eventually(async () => assert.match(await playground.summary(), /100 pairs to learn from/));
  await playground.page.getByText('1 / 100', { exact: true }).waitFor();
});

visitTest('gamma moves the target; beta, gamma, learning rate and steps change the runs that they should', {}, async (visit) => {
  const link = 'v=1&pairs=32&steps=3&batch=8&seed=3';
  const playground = await (await visit.open(link)).ready();
  const first = await playground.run();

  /** What is set, and which sides' runs it changes. */
  const settings = [
    { testid: 'param-a-beta', value: 0.5, a: true, b: false },
    { testid: 'param-b-beta', value: 1, a: false, b: true },
    { testid: 'param-b-gamma', value: 2, a: false, b: true },
    { testid: 'param-lr', value: 0.002, a: true, b: true },
    { testid: 'param-steps', value: 5, a: true, b: true },
  ];
  await playground.unfold('Training and model');
  for (const { testid, value, a, b } of settings) {
    const initial = await playground.at(testid).inputValue();
    await playground.type(testid, value);
    await playground.untilItSays('Apply changes and restart');
    if (testid === 'param-b-gamma') {
      const pair = await playground.pair();
      assert.ok(close(pair.target, 1 / (1 + Math.exp(-2 * pair.margin)), 0.02), 'the target follows gamma');
    }
    const prints = await playground.run();
    assert.equal(prints.a !== first.a, a, `${testid} and A`);
    assert.equal(prints.b !== first.b, b, `${testid} and B`);
    if (testid === 'param-steps') assert.deepEqual(await playground.counter(), { step: 5, steps: 5 });
    await playground.type(testid, initial);
  }
  assert.deepEqual(await playground.run(), first, 'back to where it began');
});

visitTest('a change after a run waits for the button, which says so', {}, async (visit) => {
  const playground = await (await visit.open('v=1&pairs=32&steps=4&batch=8&seed=3')).ready();
  const { page } = playground;
  const first = await playground.run();
  await playground.at('levels-2').check();
  await playground.untilItSays('Apply changes and restart');
  await page.getByText('Your changes wait for a restart: press the button above.').waitFor();
  await page.getByText('(pairs of the last run, before your changes)').waitFor();
  assert.deepEqual(await playground.counter(), { step: 4, steps: 4 }, 'nothing restarts by itself');
  assert.deepEqual(await playground.fingerprints(), first);

  const second = await playground.run();
  assert.notEqual(second.a, first.a);
  assert.notEqual(second.b, first.b);
  await playground.at('levels-exact').check();
  await playground.untilItSays('Apply changes and restart');
  assert.deepEqual(await playground.run(), first);
});
