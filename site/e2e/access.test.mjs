// For everyone: axe finds nothing serious in any state of the page, and the keyboard alone is enough.

import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { jsonl, pairs } from './fixtures/pairs.mjs';
import { eventually, visitTest } from './harness.mjs';

/** Fails if axe finds something serious or critical: by all of its rules, or by those that are named. */
async function inspect(playground, state, rules = []) {
  await playground.page.locator('.waiting').waitFor({ state: 'detached' }); // pairs that are about to go are drawn pale
  const axe = new AxeBuilder({ page: playground.page });
  if (rules.length > 0) axe.withRules(rules);
  const { violations } = await axe.analyze();
  const grave = violations.filter((v) => ['serious', 'critical'].includes(v.impact));
  const found = grave.map((v) => `${v.id}: ${v.help}\n  ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join('\n  ')}`);
  assert.deepEqual(found, [], state);
}

/** In the dark nothing but colors differs, and axe takes seconds for the rest. */
const views = [
  { name: 'light', options: {} },
  { name: 'dark', options: { colorScheme: 'dark' }, rules: ['color-contrast'] },
];

for (const { name, options, rules } of views) {
  visitTest(`axe, ${name}: first view, changed, running, ended, with a report, with a dialog`, options, async (visit) => {
    const playground = await (await visit.open()).ready();
    const { page } = playground;
    await page.getByText('recorded run', { exact: true }).waitFor();
    await inspect(playground, 'first view', rules);

    await playground.unfold('Training and model');
    await playground.type('param-steps', 400);
    await playground.unfold('The optimizer and the rest');
    await playground.unfold('Correlations and calibration');
    await playground.at('reliability-b').waitFor();
    for (const formula of await page.locator('summary', { hasText: 'Formula' }).all()) await formula.click();
    await inspect(playground, 'settings moved and sections unfolded', rules);

    await playground.press();
    await playground.untilItSays('Pause');
    await inspect(playground, 'running', rules);
    await playground.press();
    await playground.untilItSays('Play');
    await playground.at('levels-2').check();
    await playground.untilItSays('Apply changes and restart');
    await inspect(playground, 'changes that wait', rules);

    await playground.pick('pairs.jsonl', `${jsonl(pairs)}nonsense\n`);
    await playground.at('import-report').waitFor();
    await page.getByText('Which rows').click();
    await playground.datasets().getByRole('button', { name: 'Preview' }).click();
    await playground.at('preview').waitFor();
    await inspect(playground, 'a report and a preview', rules);
    await playground.pick('bad.jsonl', 'no');
    await page.locator('section.data [role=alert]').waitFor();
    await playground.datasets().getByRole('button', { name: /^Delete/ }).click();
    await playground.at('undo').waitFor();
    await inspect(playground, 'an alert and a notice', rules);

    await page.getByRole('button', { name: 'About Margins' }).click();
    await page.getByRole('dialog').waitFor();
    await inspect(playground, 'a dialog', rules);
  });
}

visitTest('axe: ended, and a side that diverged', {}, async (visit) => {
  const playground = await (await visit.open('v=1&pairs=32&steps=8&batch=8&a.lr=1&clip=100&seed=1')).ready();
  await playground.press();
  await playground.finish();
  await playground.at('diverged-a').waitFor();
  await inspect(playground, 'ended');
});

visitTest('axe: a phone, each of its tabs', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }, async (visit) => {
  const playground = await (await visit.open()).ready();
  for (const tab of ['Data', 'Train', 'Result']) {
    await playground.page.getByRole('button', { name: tab, exact: true }).click();
    await inspect(playground, tab);
  }
});

visitTest('the keyboard alone sets, plays, and reads off curves and dots', {}, async (visit) => {
  const playground = await (await visit.open('v=1&pairs=32&steps=6&batch=8&seed=3')).ready();
  const { page } = playground;
  /** Goes forward with the Tab key until an element has the focus. */
  const tabTo = async (target) => {
    for (let i = 0; i < 120; i++) {
      if (await target.evaluate((e) => e === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`${target} cannot be reached`);
  };

  await tabTo(playground.at('levels-exact'));
  await page.keyboard.press('ArrowLeft');
  assert.ok(await playground.at('levels-10').isChecked());
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Space');
  await playground.finish();

  const plot = page.locator('.plot[aria-label^="True score:"]');
  await tabTo(playground.at('scatter').locator('.plot').first());
  const before = await playground.pair();
  await page.keyboard.press('ArrowRight');
  await eventually(async () => assert.notDeepEqual(await playground.pair(), before));
  await tabTo(plot);
  assert.match(await plot.getAttribute('aria-label'), /^True score: A True score from \d.* to \d.*; B True score from \d.* to \d.*\.$/);
});
