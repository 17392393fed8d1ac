// The lab runs a sweep in workers of its own, keeps every run, says the same as the native program, and never holds the page up.

import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root, visitTest } from './harness.mjs';

const run = promisify(execFile);
const base = 'v=1&pairs=16&batch=8&steps=8&seed=3';
const seeds = 3;
const runs = 2 * 2 * seeds;

/** Goes to the lab and describes a small sweep: two scales, two objectives, three seeds, on the settings of the page. */
async function describe(playground) {
  const { page } = playground;
  await playground.at('lab').or(page.locator('#lab')).first().scrollIntoViewIfNeeded();
  await playground.at('lab-plan').locator('summary').click();
  await playground.at('lab-values-0').fill('2, exact');
  await playground.at('lab-seeds').fill(String(seeds));
  await playground.at('lab-tune').setChecked(false);
}

/** How many runs are done. */
const done = async (playground) => Number((await playground.at('lab-standing').textContent()).match(/^(\d+) of/)[1]);

/** Waits until so many runs are done. */
const until = (playground, n) =>
  playground.page.waitForFunction((n) => Number(document.querySelector('[data-testid=lab-standing]')?.textContent.match(/^(\d+) of/)?.[1]) >= n, n, {
    timeout: 240_000,
  });

visitTest('a sweep runs to a verdict, and says what the native program says', {}, async (visit) => {
  const playground = await (await visit.open(base)).ready();
  const { page } = playground;
  await describe(playground);
  await playground.at('lab-plan-start').click();
  await until(playground, runs);
  await playground.at('lab-start').waitFor({ state: 'detached' });
  const verdicts = await playground.at('lab-verdicts').locator('li').allTextContents();
  assert.ok(verdicts.length > 0 && verdicts.every((text) => !text.includes('come')), `${verdicts}`);

  await playground.unfold('The numbers, and the runs behind each');
  const table = page.locator('table', { hasText: '95 % interval of the mean over seeds' });
  const medians = await table.evaluate((t) => [...t.tBodies[0].rows].map((row) => [row.cells[0].textContent, row.cells[1].textContent, row.cells[3].textContent]));
  assert.equal(medians.length, 4);
  assert.ok(medians.every(([, , n]) => Number(n) === seeds), `${medians}`);

  const dir = await mkdtemp(join(tmpdir(), 'margins-sweep-'));
  await run(join(root, 'build/margins'), [
    ...['sweep', '--out', dir, '--seeds', String(seeds), '--seed', '3', '--pairs', '16', '--batch', '8', '--steps', '8'],
    ...['--vary', 'levels=2,exact', '--vary', 'objective=dpo,mmpo'],
  ]);
  const lines = (await readFile(join(dir, 'runs.jsonl'), 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
  const score = (levels, objective) => {
    const values = lines.filter((t) => t.experiment?.grader.levels === levels && t.experiment.objective.id === objective).map((t) => t.metrics.true_score);
    assert.equal(values.length, seeds);
    return values.sort((a, b) => a - b)[1].toFixed(2);
  };
  assert.deepEqual(medians.map(([, median]) => median), [score(2, 'dpo'), score(2, 'mmpo'), score(0, 'dpo'), score(0, 'mmpo')]);

  await playground.at('lab-point-0').click();
  await playground.at('lab-samples').waitFor();
  const prints = await playground.at('lab-runs').locator('code').evaluateAll((codes) => codes.map((code) => code.title));
  assert.deepEqual(prints.sort(), lines.filter((t) => t.experiment?.grader.levels === 2 && t.experiment.objective.id === 'dpo').map((t) => t.fingerprint).sort());

  await page.locator('label', { has: playground.at('lab-view-paths') }).click();
  assert.equal(await playground.at('lab-paths').locator('.way').count(), runs);
  await page.evaluate(() => document.activeElement.blur());
  const { violations } = await new AxeBuilder({ page }).include('[data-testid=lab]').analyze();
  assert.deepEqual(violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.target)}`), []);
});

visitTest('a tab that dies in the middle loses nothing: what is done is not done again', {}, async (visit) => {
  const first = await (await visit.open(base)).ready();
  await describe(first);
  await first.at('lab-plan-start').click();
  await until(first, 3);
  await first.page.close({ runBeforeUnload: false });

  const second = await (await visit.open(base)).ready();
  await second.page.locator('#lab').scrollIntoViewIfNeeded();
  const offer = second.at('lab-unfinished');
  await offer.waitFor();
  await offer.getByRole('button').click();
  await second.at('lab-standing').waitFor();
  assert.ok((await done(second)) >= 3, 'the runs of the dead tab are there');
  await until(second, runs);
});

visitTest('the page stays at hand while a sweep runs', {}, async (visit) => {
  const playground = await (await visit.open(base.replace('steps=8', 'steps=40'))).ready();
  const { page } = playground;
  await describe(playground);
  await playground.at('lab-plan-start').click();
  await until(playground, 1);
  // Scrolling while workers compute: what holds the main thread for long would be seen as a jerk.
  const longest = await page.evaluate(async () => {
    const tasks = [];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
    observer.observe({ entryTypes: ['longtask'] });
    for (let i = 0; i < 120; i++) {
      scrollBy(0, i % 40 < 20 ? 30 : -30);
      await new Promise(requestAnimationFrame);
    }
    observer.disconnect();
    return Math.max(0, ...tasks);
  });
  console.log(`longest task of the main thread while scrolling beside a sweep: ${longest.toFixed(0)} ms (0: none over 50)`);
  const slack = 150; // of the machines that tests run on, where browser, workers and tests share two cores
  assert.ok(longest < 50 + slack, `${longest} ms`);
  await playground.at('lab-cancel').click();
  await playground.at('lab-start').waitFor();
});
