import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TokenView } from '../engine/protocol.gen';
import { catalog } from '../engine/catalog.gen';
import { fakeInspection, fakePairs } from '../testing/fake';
import { Fresh } from './fresh';
import { logRatio, mapOf, nextOf, reach, readOf, rowOf, takesFrom, withRoom, word, type Looked } from './inside';

const pair = fakePairs(catalog.comparison.a)[0]!;
const { inspection, maps } = fakeInspection(pair, 4);
const looked: Looked = { ...inspection, maps };

describe('an inspection', () => {
  it('has a map for each head of each response', () => {
    for (const response of ['chosen', 'rejected'] as const) {
      const words = readOf(looked, response);
      const self = mapOf(looked, response, 0, 0);
      const first = mapOf(looked, response, 0, 1);
      expect(self.n).toBe(words.length);
      for (const row of [0, 3, words.length - 1]) {
        expect(takesFrom(self, row, 1)).toEqual([{ at: row, share: 1 }]);
        expect(takesFrom(first, row, 2)[0]).toEqual({ at: 0, share: 1 });
      }
    }
  });

  it('knows which row predicts a token', () => {
    expect(rowOf(looked, { response: 'chosen', at: 0 })).toBe(looked.prompt.length - 1);
    const last = looked.chosen.length - 1;
    expect(rowOf(looked, { response: 'chosen', at: last })).toBe(readOf(looked, 'chosen').length - 1);
  });

  it('sums what the policy has gained', () => {
    expect(logRatio(looked.chosen)).toBeGreaterThan(0);
    expect(logRatio(looked.rejected)).toBeCloseTo(looked.rejected.reduce((s, t) => s + t.policy - t.reference, 0));
    expect(reach([-3, 2], 1)).toBe(3);
    expect(reach([0.1], 1)).toBe(1);
  });
});

it('lists next tokens of both models once, the likeliest of the policy first, the actual one always', () => {
  const token: TokenView = {
    text: ' x',
    policy: Math.log(0.01),
    reference: Math.log(0.02),
    gradient: 0,
    push: 0,
    top: [{ text: ' a', prob: 0.6 }, { text: ' b', prob: 0.3 }],
    referenceTop: [{ text: ' b', prob: 0.5 }, { text: ' c', prob: 0.4 }],
  };
  const rows = nextOf(token);
  expect(rows.map((r) => r.text)).toEqual([' a', ' b', ' x', ' c']);
  expect(rows[0]).toEqual({ text: ' a', policy: 0.6, reference: null });
  expect(rows[2]!.policy).toBeCloseTo(0.01);
  expect(rows[2]!.reference).toBeCloseTo(0.02);
});

it('shows a token that is only space', () => {
  expect([' the', '  ', '<0A>'].map(word)).toEqual(['the', '␣', '<0A>']);
});

it('gives room to labels in their order', () => {
  const box = (x: number, y: number) => ({ x, y, width: 10, height: 4 });
  const [a, b, c] = [box(0, 0), box(9, 3), box(10, 0)];
  expect(withRoom([a, b, c])).toEqual([a, c]);
});

describe('Fresh', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const slow = () => {
    const asked: number[] = [];
    const answers: (() => void)[] = [];
    const fresh = new Fresh<number>((wish) => {
      asked.push(wish);
      return new Promise((resolve) => answers.push(resolve));
    }, 500);
    return { fresh, asked, answer: () => answers.shift()!() };
  };

  it('asks for the last wish, one at a time and not too often', async () => {
    const { fresh, asked, answer } = slow();
    for (const wish of [1, 2, 3]) fresh.wish(wish);
    expect(asked).toEqual([1]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked, 'never two at a time').toEqual([1]);
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual([1, 3]);
    answer();
    fresh.wish(4);
    await vi.advanceTimersByTimeAsync(499);
    expect(asked).toEqual([1, 3]);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toEqual([1, 3, 4]);
  });

  it('hurries for what is urgent, and stops', async () => {
    const { fresh, asked, answer } = slow();
    fresh.wish(1);
    answer();
    await vi.advanceTimersByTimeAsync(10);
    fresh.wish(2, true);
    expect(asked).toEqual([1, 2]);
    answer();
    await vi.advanceTimersByTimeAsync(10);
    fresh.wish(3);
    fresh.stop();
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked).toEqual([1, 2]);
  });
});
