import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { measure } from './measure.mjs';
import { join, judge, median, table, tolerance } from './results.mjs';

const expected = JSON.parse(readFileSync(new URL('expected.json', import.meta.url)));
const manifests = { T: { tokens: 1000, work: { flop: 4e9 }, packed: { flop: 2e9 } } };
const round = (engine, ms, losses = expected.T) => ({ size: 'T', engine, ms, clock: ms, losses });
const joined = (...measured) => join(measured, manifests, expected, (engine) => engine.endsWith('packed'));

test('the right losses pass, also in float32', () => {
  for (const losses of Object.values(expected)) {
    assert.equal(judge(losses, losses), '');
    assert.equal(judge(losses.map(Math.fround), losses), '');
    assert.equal(judge(losses.slice(0, 2), losses), '', 'a slow engine takes fewer steps');
  }
});

for (const [name, spoil] of Object.entries({
  'a first loss that is off': (losses) => losses.with(0, losses[0] + 2 * tolerance),
  'a later loss that is off': (losses) => [...losses.slice(0, 3), losses[3] - 2 * tolerance],
  'a step that does not learn': (losses) => losses.map(() => losses[0]),
  'a step in the wrong direction': (losses) => losses.map((loss) => 2 * losses[0] - loss),
  'a loss that is no number': (losses) => [...losses.slice(0, 3), NaN],
  'no losses': () => [],
})) {
  test(`${name} is refused`, () => {
    for (const losses of Object.values(expected)) assert.notEqual(judge(spoil(losses), losses), '');
    const { rows, refused } = joined(round('right', 3), round('wrong', 1), round('wrong', 1, spoil(expected.T)));
    assert.deepEqual(rows.map((row) => row.engine), ['right'], 'one wrong round is enough');
    assert.deepEqual(refused.map((row) => row.engine), ['wrong']);
  });
}

test('an engine that fails is refused with its reason', () => {
  assert.deepEqual(joined({ size: 'T', engine: 'x', error: 'out of memory' }).refused, [{ size: 'T', engine: 'x', why: 'out of memory' }]);
});

test('rounds are joined by their median', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  const { rows } = joined(round('x', 5), round('y', 4), round('x', 1), round('x', 2), round('x-packed', 2));
  assert.deepEqual(rows.map((row) => [row.engine, row.ms_per_step, row.tokens_per_s, row.gflop_per_s]), [
    ['x', 2, 500_000, 2000], ['y', 4, 250_000, 1000], ['x-packed', 2, 500_000, 1000],
  ]);
  const text = table(rows, 'x', (engine) => engine.toUpperCase());
  assert.match(text, /^Y .* 2\.00x /m, 'ours is twice as fast');
});

/** A host whose steps take some seconds of its thread, and thrice that by the clock. */
function host(step) {
  let computed = 0;
  const asked = [];
  return {
    asked,
    async ask(name, n) {
      asked.push(n);
      computed += n * step;
      return { losses: Array(n).fill(0.5), seconds: 3 * n * step };
    },
    seconds: () => computed,
  };
}

test('a step is measured by the thread that computes', async () => {
  const { ms, clock, losses, steps } = await measure(host(0.01), 1);
  assert.ok(Math.abs(ms - 10) < 1e-6 && Math.abs(clock - 30) < 1e-6, `${ms} ${clock}`);
  assert.equal(losses.length, 4);
  assert.equal(steps, 100, 'a second of its time');
});

test('a step is measured by the clock where the system does not tell more', async () => {
  const { ms } = await measure({ ...host(0.01), seconds: () => NaN }, 1);
  assert.ok(Math.abs(ms - 30) < 1e-6, `${ms}`);
});

test('a slow engine takes three steps', async () => {
  const slow = host(15);
  await measure(slow, 1);
  assert.deepEqual(slow.asked, [1, 1, 1]);
});
