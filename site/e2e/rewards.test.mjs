// Reward models are trained in a worker of their own, say the same as the native program, and the policies are read beside them.

import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root, visitTest } from './harness.mjs';

const run = promisify(execFile);
const link = 'v=1&pairs=32&steps=4&batch=16&seed=3';

/** The rows of the table of judges: the title, then the cells as they are read. */
const judges = (playground) =>
  playground.at('rewards-table').evaluate((table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent)));

for (const colorScheme of ['light', 'dark']) {
  visitTest(`reward models and policies as judges, ${colorScheme}`, { colorScheme }, async (visit) => {
    const playground = await (await visit.open(link)).ready();
    const { page } = playground;
    const loaded = [];
    page.on('request', (request) => loaded.push(request.url()));
    await playground.unfold('Reward models');
    await playground.at('rewards-train').waitFor();
    assert.ok(loaded.some((url) => /Rewards-.*\.js$/.test(url)), 'it is loaded when it is opened');
    assert.ok(!loaded.some((url) => /full-.*\.wasm$/.test(url)), 'the full program only when it is needed');
    const workers = page.workers().length;
    await playground.at('rewards-train').focus();
    await page.keyboard.press('Enter');
    await playground.at('rewards-table').waitFor({ timeout: 120_000 });
    assert.equal((await judges(playground)).length, 2);
    assert.equal(page.workers().length, workers, 'its worker has ended');

    await playground.run();
    await page.getByRole('button', { name: 'Read both policies as well' }).click();
    await page.getByRole('row', { name: /implicit/ }).first().waitFor({ timeout: 60_000 });
    const rows = await judges(playground);
    assert.deepEqual(rows.map(([title]) => title), ['Bradley-Terry', 'Margin matching', 'A · DPO, implicit', 'B · MMPO, implicit']);
    await page.evaluate(() => document.activeElement.blur());
    const { violations } = await new AxeBuilder({ page }).include('[data-testid=rewards]').analyze();
    assert.deepEqual(violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.target)}`), []);
    if (colorScheme === 'dark') return;

    const { stdout } = await run(join(root, 'build/margins'), ['reward', '--link', link, '--json']);
    const [native] = JSON.parse(stdout).seeds;
    const expected = [...native.models, native.a, native.b].map(({ reading }) => [
      `${Math.round(100 * reading.accuracy)} %`, reading.ece.toFixed(3), reading.pearson.toFixed(2).replace('-', '−'),
    ]);
    assert.deepEqual(rows.map((cells) => [cells[1], cells.at(-4), cells.at(-2)]), expected, 'as the native program says');
    const best = await playground.table('Best-of-n by Margin matching');
    assert.deepEqual(best.map((row) => row[2]), [1, 2, 4, 8, 16, 32, 64].map((n) => Number(native.models[1].best.true[n - 1].toFixed(2))));
  });
}
