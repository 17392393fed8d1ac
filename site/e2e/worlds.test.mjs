// The toy worlds: choosing one turns to the comparison that shows its point, which plays at once.

import assert from 'node:assert/strict';
import { eventually, visitTest } from './harness.mjs';

/** The toy worlds in the menu. */
const worlds = (playground) =>
  playground.at('param-world').locator(':scope > option').evaluateAll((options) => options.map((o) => ({ id: o.value, title: o.textContent })));

visitTest('each world is chosen, shows its pairs and stakes, and plays', {}, async (visit) => {
  const playground = await (await visit.open()).ready();
  const { page } = playground;
  const all = await worlds(playground);
  assert.ok(all.length >= 3);
  const prompts = new Set();
  const [first, ...others] = all;
  for (const { id, title } of others) {
    await playground.at('param-world').selectOption(id);
    await eventually(() => assert.match(page.url(), new RegExp(`[#&]world=${id}&`)));
    const pair = await eventually(async () => {
      const pair = await playground.pair();
      assert.ok(pair.prompt && !prompts.has(pair.prompt), `${title} has prompts of its own`);
      return pair;
    });
    prompts.add(pair.prompt);
    assert.ok(pair.chosen.truth >= 1 && pair.chosen.truth <= 10);

    await playground.unfold('Training and model');
    await playground.type('param-steps', 3);
    await playground.type('param-pairs', 32);
    await playground.run();
    for (const side of ['reference', 'a', 'b']) {
      const score = Number(await playground.at(`big-score-${side}`).innerText());
      assert.ok(score > 1 && score < 10, `${title}: ${side} has a true score of ${score}`);
    }
    assert.ok((await playground.table('True score')).at(-1).every(Number.isFinite), title);
  }
  await playground.at('param-world').selectOption(first.id);
  await eventually(() => assert.match(page.url(), /#v=1&seed=1$/));
});

visitTest('a link that names only a world has its first stakes, and other stakes are moved to them', {}, async (visit) => {
  const bare = await (await visit.open('world=safety')).ready();
  assert.deepEqual(await bare.notices(), []);
  const moved = await (await visit.open('world=safety&stakes=skew')).ready();
  await eventually(async () => assert.match((await moved.notices()).join(), /Stakes: Safety has no "skew"/));
});
