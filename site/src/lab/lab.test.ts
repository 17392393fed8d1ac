// The lab without a browser: what it draws, what it hands out, and who runs what.

import { beforeEach, describe, expect, it } from 'vitest';
import { catalog } from '../engine/catalog.gen';
import type { Client } from '../engine/client';
import type { Engine } from '../engine/engine';
import type { Estimate, Experiment, Point, Standing, Sweep, Trial } from '../engine/protocol.gen';
import { csv } from './exports';
import { Lab, type Judgement } from './lab.svelte';
import { abscissa, makeLadder, placeTitle } from './ladder';
import { until } from '../testing/setup';
import { span } from './span';

const base = catalog.comparison.b;
const sweep: Sweep = {
  base,
  axes: [
    { param: 'levels', values: ['2', 'exact'] },
    { param: 'objective', values: ['dpo', 'mmpo'] },
  ],
  seeds: 2,
  settings: [],
};
const estimate = (mean: number): Estimate => ({ mean, half: 0.5, sd: 0.1, n: 2 });

/** A point whose two seeds lie half a point about its middle. */
function point(at: number[], median: number | null): Point {
  const seeds = median === null ? [] : [1, 2].map((seed) => ({ seed, value: median + seed - 1.5, key: `${at}-${seed}` }));
  return { at, median, mean: median === null ? { mean: 0, half: 0, sd: 0, n: 0 } : estimate(median), seeds, missing: median === null ? 2 : 0, diverged: 0, feedback: { pairs: 64, bits: 100 * (at[0]! + 1), minutes: 9 } };
}

const judged: Judgement = {
  summary: {
    readout: { id: 'true_score', title: 'True score', unit: 'points', worth: 0.25 },
    kl: 0,
    reach: 2.5,
    points: [point([0, 0], 5), point([0, 1], 6), point([1, 0], null), point([1, 1], 7.5)],
    planned: 2,
  },
  verdicts: [],
  reference: 3.14,
};

describe('the figure of a sweep', () => {
  it('has a line an objective, along the other axis', () => {
    const ladder = makeLadder(sweep, judged);
    expect(abscissa(sweep)).toBe(0);
    expect(ladder.lines.map((l) => [l.title, l.tone])).toEqual([
      ['DPO', 'a'],
      ['MMPO', 'b'],
    ]);
    expect(ladder.lines[1]!.points.map((p) => [p.index, p.x, p.median])).toEqual([
      [1, 0, 6],
      [3, 1, 7.5],
    ]);
    expect(ladder.lines[1]!.seeds).toEqual([
      { seed: 1, points: [{ x: 0, y: 5.5 }, { x: 1, y: 7 }] },
      { seed: 2, points: [{ x: 0, y: 6.5 }, { x: 1, y: 8 }] },
    ]);
    expect(ladder.lines[0]!.seeds[0]!.points).toHaveLength(1);
    expect(ladder.x.ticks!.map((t) => t.label)).toEqual(['Thumbs', 'Exact']);
    expect(ladder.levels).toEqual([{ value: 3.14, title: 'Reference' }]);
    expect(ladder.y.title).toBe('True score, points');
    expect([ladder.y.min < 3.14, ladder.y.max > 8]).toEqual([true, true]);
    expect(ladder.summary).toContain('MMPO: Thumbs, MMPO 6.00, Exact, MMPO 7.50.');
  });

  it('can stand over what the feedback costs', () => {
    const { x, lines } = makeLadder(sweep, judged, 'bits');
    expect(x.ticks).toBeUndefined();
    expect(x.domain).toEqual([100, 200]);
    expect(makeLadder(sweep, judged, 'pairs').x.domain).toEqual([64, 65]); // all the same
    expect(lines[0]!.points.map((p) => p.x)).toEqual([100, 200]);
  });

  it('has the best there is at the KL that the runs reach, or as far as that is known', () => {
    const at = (kl: number, score: number) => ({ lambda: 1, kl, score, parts: [], ess: 20 });
    const ceiling = { reference: at(0, 3), points: [at(1, 7), at(2, 8)], sampled: true, prompts: 8, responses: 256, stopped: '' };
    const level = (reach: number) => makeLadder(sweep, { ...judged, summary: { ...judged.summary, reach } }, '', ceiling).levels.at(-1)!;
    expect(level(1.5)).toEqual({ value: 7.5, title: 'Best at a KL of 1.5:' });
    expect(level(4)).toEqual({ value: 8, title: 'Best at a KL of 2.0:' });
    expect(level(0).title).toBe('Reference');
    expect(makeLadder(sweep, judged, '', { ...ceiling, points: [] }).levels).toHaveLength(1); // nothing but the reference is known
    expect(makeLadder(sweep, judged, '', ceiling).y.max).toBeGreaterThan(8);
  });

  it('names places by what varies', () => {
    expect(placeTitle(sweep, [1, 1])).toBe('Exact, MMPO');
    expect(placeTitle({ ...sweep, axes: [{ param: 'pairs', values: ['64'] }] }, [0])).toBe('Pairs 64');
  });
});

it('says spans of time', () => {
  expect([0.2, 42, 61, 600, 4000].map(span)).toEqual(['1 s', '42 s', '1 min', '10 min', '1 h 7 min']);
});

const trial = (e: Experiment): Trial => ({
  key: `${e.seed}`, engine: '2', link: `v=1&seed=${e.seed}`, experiment: e, metrics: { true_score: 7 }, path: [], parts: {}, samples: [], fingerprint: 'ab', seconds: 1,
});

it('writes runs as CSV', () => {
  const [head, line] = csv(sweep, [{ ...trial(base), link: 'a,"b"' }]).split('\r\n');
  expect(head).toMatch(/^levels,objective,seed,loss,/);
  expect(line).toMatch(/^0,mmpo,1,/);
  expect(line).toMatch(/,0,1,2,ab,"a,""b"""$/);
});

/** An engine whose workers know one sweep of a few runs. */
function fakeEngine(runs: number, dies = 0): { engine: Engine; ran: number[]; asked: object[]; open: () => number } {
  const ran: number[] = [];
  const asked: object[] = [];
  let [waiting, done, open] = [runs, 0, 0];
  const standing = (): Standing => ({ runs, done, left: runs - done, known: done > 0, tuning: false, claimed: 0, agree: 0, differ: 0 });
  const answers: { [type: string]: () => object } = {
    plan: () => ((waiting = runs - done), { sweep, link: 'v=1', notices: [], standing: standing() }),
    take: () => ({ experiment: waiting > 0 ? { ...base, seed: waiting-- } : null, later: false }),
    complete: () => ({}),
    add: () => (done++, { standing: standing(), kept: true }),
    judge: () => judged,
    share: () => ({ link: 'v=1&runs=x' }),
    show: () => ({ trials: [trial(base), { ...trial(base), key: 'own' }] }),
  };
  const full = async () => {
    open++;
    let closed = false;
    return {
      ask: async (type: string, fields: { experiment?: Experiment }) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (closed) throw new Error('closed');
        if (type === 'plan') asked.push(fields);
        if (type === 'complete' && ran.length + 1 === dies) throw new Error(`worker ${(dies = 0)} died`);
        if (type === 'complete') ran.push(fields.experiment!.seed);
        return { message: answers[type]!(), attachments: {} };
      },
      close: () => {
        if (!closed) open--;
        closed = true;
      },
    } as unknown as Client;
  };
  return { engine: { full, materials: async () => ({}) } as unknown as Engine, ran, asked, open: () => open };
}

describe('Lab', () => {
  beforeEach(() => localStorage.clear());

  it('runs every run once, on several workers, and ends them', async () => {
    const { engine, ran, open } = fakeEngine(7);
    const lab = new Lab(async () => engine);
    await lab.plan({ sweep });
    await lab.start();
    expect(ran.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(lab.standing!.done).toBe(7);
    expect(lab.phase).toBe('planned');
    expect(lab.judged).toBe(judged);
    expect(lab.remembered).toEqual({ asked: { sweep }, done: 7, runs: 7 });
    expect(open()).toBe(1); // the keeper
    expect(await lab.address()).toBe('lab&v=1&runs=x');
  });

  it('pauses after the runs under way, and goes on', async () => {
    const { engine, ran } = fakeEngine(300);
    const lab = new Lab(async () => engine);
    await lab.plan({ sweep });
    const going = lab.start();
    await new Promise((resolve) => setTimeout(resolve, 8));
    lab.pause();
    expect(lab.phase).toBe('pausing');
    await going;
    const before = ran.length;
    expect(before).toBeLessThan(300);
    await lab.start();
    expect(ran).toHaveLength(300);
    expect(before).toBeGreaterThan(0);
  });

  it('goes on with the tuning that was asked for, after a cancel and in the next tab', async () => {
    const { engine, asked } = fakeEngine(300);
    const lab = new Lab(async () => engine);
    const going = lab.start({ sweep, tune: 3 });
    await until(() => (lab.standing?.done ?? 0) > 0);
    await lab.cancel();
    await going;
    const next = new Lab(async () => engine);
    expect(next.remembered!.asked).toEqual({ sweep, tune: 3 });
    await next.start(next.remembered!.asked);
    expect(asked).toEqual([{ sweep, tune: 3 }, { sweep, tune: 3 }, { sweep, tune: 3 }]);
  });

  it('runs again what a worker that died had taken', async () => {
    const { engine, ran } = fakeEngine(20, 5);
    const lab = new Lab(async () => engine);
    await lab.start({ sweep });
    expect(lab.failure).toBe('worker 0 died');
    expect(lab.standing!.done).toBeLessThan(20);
    await lab.start();
    expect(lab.standing!.done).toBe(20);
    expect(ran.length).toBeGreaterThanOrEqual(20);
  });

  it('shows what is recorded until something is planned, and again when it is left', async () => {
    const { engine } = fakeEngine(1);
    const lab = new Lab(async () => engine);
    lab.show({ engine: '2', date: '2026-01-01', link: 'v=1', sweep, judged: { true_score: judged }, trials: [trial(base)], ceiling: null });
    expect([lab.phase, lab.judged, lab.link]).toEqual(['recorded', judged, 'v=1']);
    await lab.read('valid');
    expect(lab.judged).toBeNull();
    await lab.plan({ sweep });
    expect(lab.phase).toBe('planned');
    await lab.read('true_score');
    lab.leave();
    expect([lab.phase, lab.standing, lab.judged]).toEqual(['recorded', null, judged]);
  });

  it('says how many runs came to the same bits as the recorded ones', async () => {
    const { engine } = fakeEngine(2);
    const lab = new Lab(async () => engine);
    const recorded = { engine: '2', date: '2026-01-01', link: 'v=1', sweep, judged: {}, ceiling: null };
    lab.show({ ...recorded, trials: [trial(base)] });
    await lab.start({ sweep });
    expect(lab.agreement).toEqual({ same: 1, of: 1 });
    lab.show({ ...recorded, trials: [{ ...trial(base), fingerprint: 'other' }] });
    await lab.start();
    expect(lab.agreement).toEqual({ same: 0, of: 1 });
    lab.show({ ...recorded, trials: [] });
    await lab.start();
    expect(lab.agreement).toBeNull();
  });

  it('says why a sweep cannot be', async () => {
    const lab = new Lab(async () => {
      throw new Error('the engine is not there');
    });
    expect(await lab.plan({ link: 'vary.levels=1000' })).toBe(false);
    expect(lab.failure).toBe('the engine is not there');
  });
});
