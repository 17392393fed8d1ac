// The page's pure functions, one table each.

import { describe, expect, it, vi } from 'vitest';
import { catalog } from '../engine/catalog.gen';
import { Table } from '../engine/table';
import { charts, linesOf, sampleSteps, summarize } from './charts';
import { diffWords } from './diff';
import { asGiven, count, fixed, percent, plural, short, signed } from './format';
import { level, said, sigmoid } from './grades';
import { linear } from './linear';
import { applies, changes, choose, clamp, defaultOf, findObjective, findParam, get, optionOf, pairsKey, read, set, unlike } from './params';
import { debounce, pulse } from './pulse';
import { around, grow } from './range';
import { bothFell, finding, nudge, task, verdict, type Situation } from './sentences';
import { fromPosition, positions, toPosition } from './slider';
import { targetOf } from './targets';
import { knows, plain, readTeX } from './tex';

const base = catalog.comparison;

describe('format', () => {
  it.each([
    [fixed(1.005, 1), '1.0'],
    [fixed(-2.5, 2), '\u22122.50'],
    [fixed(-0.001, 2), '0.00'],
    [fixed(NaN, 2), '\u2013'],
    [fixed(undefined, 2), '\u2013'],
    [signed(1.2, 1), '+1.2'],
    [signed(-1.2, 1), '\u22121.2'],
    [signed(0, 1), '0.0'],
    [short(0.0003), '0.000300'],
    [short(1234.5), '1235'],
    [short(0), '0'],
    [asGiven(10), '10'],
    [asGiven(-0.1 - 0.2), '\u22120.3'],
    [count(12345), '12,345'],
    [percent(0.125), '13 %'],
    [plural(1, 'pair'), '1 pair'],
    [plural(2, 'pair'), '2 pairs'],
  ])('%s', (got, want) => expect(got).toBe(want));
});

describe('params', () => {
  it.each(catalog.params.map((p) => [p.id, p] as const))('%s is read and written where the engine keeps it', (id, param) => {
    const value = get(base.a, param);
    expect(value, id).toBeDefined();
    const other = param.options ? read(param, param.options.at(-1)!.id, value) : clamp(param, Number(value) + Math.max(1, param.step));
    const next = set(base.a, param, other);
    expect(get(next, param)).toBe(other);
    expect(get(base.a, param), 'the old one stays').toBe(value);
  });

  it.each(catalog.params.map((p) => [p.id, p] as const))('%s has its default in the default comparison', (_, param) => {
    for (const side of [base.a, base.b]) {
      const reads = findObjective(side.objective.id).params.some((s) => s.param === param.id);
      if (param.group !== 'objective' || reads) expect(get(side, param)).toBe(defaultOf(param, side));
    }
  });

  it('reads what its conditions allow', () => {
    const read = (id: string, changed: { [param: string]: number | string }) =>
      applies(findParam(id), Object.entries(changed).reduce((e, [param, value]) => set(e, findParam(param), value), base.a));
    expect(read('cut', {}), 'there is nothing to cut in exact grades').toBe(false);
    expect(read('cut', { levels: 2 })).toBe(true);
    expect(read('cut', { levels: 2, cuts: 'quantiles' })).toBe(false);
    expect(read('combine', {})).toBe(false);
    expect(read('combine', { raters: 3 })).toBe(true);
    expect(read('bias', { asks: 'comparison' })).toBe(false);
    expect(read('noise', { world: 'data:0123456789abcdef' }), 'they have erred already').toBe(false);
    const moved = { ...base, a: set(base.a, findParam('cut'), 8) };
    expect(changes(base, moved).ids, 'what is not read changes nothing').toEqual([]);
  });

  it('writes the exact scale as 0 levels', () => {
    const levels = findParam('levels');
    expect(read(levels, 'exact', 2)).toBe(0);
    expect(optionOf(levels, 0)).toBe('exact');
    expect(optionOf(levels, 5)).toBe('5');
    expect(optionOf(levels, 6)).toBeUndefined();
  });

  it('brings an objective with its own settings', () => {
    const e = set(base.a, findParam('objective'), 'mmpo');
    expect(e.objective).toEqual(choose('mmpo'));
    expect(defaultOf(findParam('beta'), e)).toBe(choose('mmpo').beta);
  });

  it.each(catalog.objectives.map((o) => [o.id, o] as const))('%s has its settings within their limits, in their own types', (id, o) => {
    const e = set(base.a, findParam('objective'), id);
    for (const { param: name } of o.params) {
      const param = findParam(name);
      const value = get(e, param);
      expect(value, name).toBe(defaultOf(param, e));
      if (param.options) expect(optionOf(param, value), name).toBeDefined();
      else expect(clamp(param, Number(value)), name).toBe(value);
    }
  });

  it.each([
    ['pairs', 1e9, findParam('pairs').max],
    ['pairs', 12.4, 12],
    ['width', 50, 48],
    ['noise', -1, 0],
  ])('moves %s of %d to %d', (id, x, want) => expect(clamp(findParam(id), x)).toBe(want));

  it('tells live changes from those that need a restart', () => {
    const with_ = (id: string, value: number) => ({ ...base, b: set(base.b, findParam(id), value) });
    expect(changes(base, base)).toEqual({ ids: [], live: true });
    expect(changes(base, with_('gamma', 2))).toEqual({ ids: ['gamma'], live: true });
    expect(changes(base, with_('pairs', 9))).toEqual({ ids: ['pairs'], live: false });
    expect(unlike(with_('pairs', 9)).map((p) => p.id)).toEqual(['pairs']);
  });

  it('has one key for the same pairs, whatever they are trained with', () => {
    expect(pairsKey(base.a)).toBe(pairsKey(base.b));
    expect(pairsKey(set(base.a, findParam('noise'), 1))).not.toBe(pairsKey(base.a));
  });

  it('names what is not there', () => {
    expect(() => findParam('nothing')).toThrow('nothing');
  });
});

describe('slider', () => {
  const sliders = catalog.params.filter((p) => p.kind !== 'choice' && !p.options && p.id !== 'seed');
  it.each(sliders.map((p) => [p.id, p] as const))('%s reaches its limits and comes back', (_, p) => {
    expect(fromPosition(p, 0)).toBeCloseTo(p.min);
    expect(fromPosition(p, positions)).toBe(p.max);
    for (let at = 0; at <= positions; at += 25) {
      const value = fromPosition(p, at);
      expect(value).toBeGreaterThanOrEqual(p.min);
      expect(fromPosition(p, toPosition(p, value))).toBe(value);
    }
  });

  it('spreads a logarithmic axis evenly', () => {
    expect(fromPosition(findParam('gamma'), positions / 3)).toBeCloseTo(0.1);
  });
});

describe('range', () => {
  it('stays as it is while it holds all', () => {
    const old = { min: 0, max: 1 };
    expect(grow(old, [0.2, NaN, 1])).toBe(old);
  });
  it('grows with room, in steps that can be read, and only where it must', () => {
    expect(grow({ min: 0, max: 1 }, [3.2])).toEqual({ min: 0, max: 4 });
    expect(grow({ min: 0, max: 1 }, [-0.3])).toEqual({ min: -1, max: 1 });
  });
});

describe('around', () => {
  it('makes room about what is known', () => {
    expect(around([-15, -17, NaN])).toEqual({ min: -22, max: -10 });
    expect(around([NaN])).toEqual({ min: 0, max: 1 });
  });
});

describe('diffWords', () => {
  it.each([
    ['a b c', 'a x c', 'x'],
    ['a b c', 'a b c', ''],
    ['', 'a b', 'a b'],
    ['a b c d', 'd a b', 'd'],
    ['the cat', 'the  cat sat', 'sat'],
  ])('%j and %j differ by %j', (from, to, want) => {
    const words = diffWords(from, to);
    expect(words.map((w) => w.text).join(' ')).toBe(to.split(/\s+/).join(' '));
    expect(
      words
        .filter((w) => w.differs)
        .map((w) => w.text)
        .join(' '),
    ).toBe(want);
  });
});

describe('readTeX', () => {
  it.each([
    ['-\\log\\sigma(h)', '\u2212\u2009log\u2009σ(h)'],
    ['-(1-p)\\log\\sigma(-h)', '\u2212(1 \u2212 p)\u2009log\u2009σ(\u2212h)'],
    ['\\frac{1-\\epsilon}{\\epsilon}', '(1 \u2212 ε)/(ε)'],
    ['h \\to \\infty', 'h \u2192 \u221e'],
    ['\\rho_w^2', 'ρ_w^2'],
    ["h \\geq m' > 0", 'h \u2265 m\u2032 > 0'],
    ['\\unknown{x}', 'unknownx'],
  ])('%s', (tex, want) => expect(plain(readTeX(tex))).toBe(want));

  it.each(catalog.objectives.map((o) => [o.id, o] as const))('knows every command of %s', (_, o) => {
    const tex = `${o.formula} ${o.optimum}`;
    expect(Array.from(tex.matchAll(/\\([a-zA-Z]+)/g), (m) => m[1]!).filter((name) => !knows(name))).toEqual([]);
    expect(plain(readTeX(tex))).not.toMatch(/[\\{}']/);
  });
});

describe('grades', () => {
  it.each([
    [3.25, 2, 'thumb down'],
    [7.75, 2, 'thumb up'],
    [10, 5, '5 of 5'],
    [1, 5, '1 of 5'],
    [4.6, 0, ''],
  ])('%d on %d levels is %j', (score, levels, want) => expect(level(score, levels)).toBe(want));

  it.each([
    [{ levels: 2, cut: 8 }, 4.5, 'thumb down'],
    [{ levels: 2, cut: 8 }, 9, 'thumb up'],
    [{ levels: 2, cut: 8, rounding: 'random' }, 1, 'thumb down'],
    [{ levels: 3, rounding: 'random' }, 10, '3 of 3'],
    [{ levels: 3, cuts: 'quantiles' }, 5.5, ''],
    [{ levels: 5, raters: 3 }, 5.5, ''],
    [{ levels: 5, asks: 'comparison' }, 5.5, ''],
    [{ levels: 0 }, 5.5, ''],
  ])('a rater of %j who gives %d says %j', (parts, score, want) => expect(said(score, { ...base.a.grader, ...parts })).toBe(want));
  it('is even at nothing', () => expect(sigmoid(0)).toBe(0.5));
});

describe('targetOf', () => {
  const dpo = { ...base.b, objective: choose('dpo') };
  const mmpo = { ...base.b, objective: { ...choose('mmpo'), gamma: 3 } };
  it('takes B’s, else A’s, else points', () => {
    expect(targetOf({ a: mmpo, b: { ...mmpo, objective: { ...mmpo.objective, gamma: 1 } } })).toEqual({ side: 'b', gamma: 1 });
    expect(targetOf({ a: mmpo, b: dpo })).toEqual({ side: 'a', gamma: 3 });
    expect(targetOf({ a: dpo, b: dpo })).toEqual({ side: null, gamma: 1 });
  });

  it.each(['gdpo', 'margin', 'shuffled'])('passes over %s, which does not ask a pair for gamma times its margin', (id) => {
    expect(targetOf({ a: mmpo, b: { ...base.b, objective: choose(id) } }).side).toBe('a');
  });
});

describe('charts', () => {
  it('draws every chart of the catalog', () => {
    expect(new Set(charts.map((c) => c.id))).toEqual(new Set(catalog.metrics.map((m) => m.chart).filter(Boolean)));
  });
  it.each(charts.map((c) => [c.id, c] as const))('%s has curves of one unit on both sides', (_, spec) => {
    const lines = linesOf(spec);
    expect(new Set(lines.map((l) => l.side))).toEqual(new Set(['a', 'b']));
    expect(new Set(lines.map((l) => l.metric.unit)).size).toBe(1);
  });
  it('puts the held-out curves before those of training', () => {
    const pale = linesOf(charts.find((c) => c.id === 'loss')!).map((l) => l.pale);
    expect(pale).toEqual([true, true, false, false]);
  });
  it('is summed up and sampled to its last measurement', () => {
    const spec = charts.find((c) => c.id === 'score')!;
    const table = () => new Table(catalog.metrics.map((m) => m.id));
    const [a, b] = [table(), table()];
    expect(summarize(spec, { a, b })).toContain('nothing measured');
    const row = (step: number, score: number) => [step, ...catalog.metrics.map((m) => (m.id === 'true_score' ? score : NaN))];
    for (let step = 0; step <= 160; step += 10) a.add(row(step, 3 + step / 40));
    b.add(row(0, 3));
    expect(summarize(spec, { a, b })).toBe('True score: A True score from 3.00 to 7.00; B True score from 3.00 to 3.00.');
    const steps = sampleSteps(spec, { a, b }, 5);
    expect(steps).toEqual([0, 40, 80, 120, 160]);
  });
});

describe('sentences', () => {
  const at = (change: Partial<Situation>): Situation => ({
    comparison: base,
    main: 'again',
    recorded: false,
    diverged: false,
    step: 160,
    missing: '',
    ...change,
  });
  const graded = (levels: number, ties = 'keep', stakes = 'skew') => {
    const e = { ...base.a, stakes, grader: { ...base.a.grader, levels, ties } };
    return { a: e, b: e };
  };

  it('says what each side is told', () => {
    expect(task(base)).toMatch(/A by DPO, which is told only which one won; B by MMPO, which is told by how much\.$/);
    const others = { a: set(base.a, findParam('objective'), 'rk'), b: set(base.b, findParam('objective'), 'shuffled') };
    expect(task(others)).toMatch(/told which one won, or that none did; B by .* told by how much, but of another pair\.$/);
  });

  it('says what the pairs are of', () => {
    expect(task(base)).toContain(`graded pairs of ${catalog.worlds[0]!.texts}:`);
    const own = { a: { ...base.a, world: 'data:0123456789abcdef' }, b: base.b };
    expect(task(own)).toContain('from your graded pairs:');
  });

  it.each([
    ['fresh', at({ main: 'play' }), /Press Play\.$/],
    ['recorded', at({ main: 'play', recorded: true }), /recording/],
    ['changed', at({ main: 'apply', diverged: true }), /changes wait/],
    ['diverged', at({ diverged: true }), /diverged/],
    ['a data set that is not here', at({ missing: 'Import it.' }), /^Import it\.$/],
    ['exact', at({}), /only thumbs/],
    ['thumbs', at({ comparison: graded(2) }), /drop the ties/],
    ['thumbs without ties', at({ comparison: graded(2, 'drop') }), /five stars/],
    ['stars', at({ comparison: graded(5) }), /stakes: some things matter/],
    ['flat', at({ comparison: graded(5, 'keep', 'flat') }), /stakes: two audiences/],
    ['audiences', at({ comparison: graded(5, 'keep', 'divided') }), /dice/],
  ])('nudges on: %s', (_, situation, want) => expect(nudge(situation).text).toMatch(want));

  it('offers changes that the catalog has', () => {
    for (const comparison of [base, graded(2), graded(2, 'drop'), graded(5)]) {
      const { id, value } = nudge(at({ comparison })).change!;
      expect(optionOf(findParam(id), value), id).toBeDefined();
    }
  });

  it('finds what a run showed, and nothing where nothing was measured', () => {
    const of = (score: number) => ({ score, accuracy: score / 10, kl: 2 });
    expect(finding(of(6), of(7.5), false)).toMatch(/^B ended 1\.50 points of true score ahead, at a KL of 2\.0/);
    expect(finding(of(7), of(6), true)).toMatch(/^A ended 10\.0 percentage points/);
    expect(finding(of(NaN), of(6), false)).toBe('');
  });

  it.each([
    ['x', 'y', false, '1', /^Same run, bit for bit$/],
    ['z', 'y', false, '1', /^Side A differs .* may have been changed on its way\.$/],
    ['x', 'z', false, '0', /^Side B differs .* engine 0; this is engine 1/],
    ['z', 'z', true, '0', /^Both sides differ .* Settings or weights were changed while it ran\.$/],
  ])('compares %s and %s with what a link claims (altered %s, engine %s)', (a, b, altered, maker, want) => {
    const side = (fingerprint: string, claimed: string) => ({ fingerprint, claimed, altered });
    const { same, text } = verdict(side(a, 'x'), side(b, 'y'), maker, '1');
    expect(text).toMatch(want);
    expect(same).toBe(text.startsWith('Same'));
  });

  it('explains falling log-probabilities only where they fall', () => {
    expect(bothFell([])).toBe('');
    expect(bothFell(['A (DPO)'])).toMatch(/^A \(DPO\): chosen and rejected both/);
  });
});

describe('pulse and debounce', () => {
  it('lets through one call a beat, and the last of many', () => {
    vi.useFakeTimers();
    const [beaten, rested] = [vi.fn(), vi.fn()];
    const [ask, touch] = [pulse(beaten), debounce(rested, 100)];
    for (let i = 0; i < 100; i++) {
      ask();
      touch();
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(1000);
    expect(beaten.mock.calls.length).toBeGreaterThan(10);
    expect(beaten.mock.calls.length).toBeLessThanOrEqual(15);
    expect(rested).toHaveBeenCalledOnce();
    vi.useRealTimers();
  });
});

describe('linear', () => {
  it('maps ends to ends, and backward where the range runs so', () => {
    const x = linear([-2, 2], [0, 100]);
    expect([-2, -1, 0, 2, 3].map(x)).toEqual([0, 25, 50, 100, 125]);
    expect(linear([0, 10], [90, 10])(2.5)).toBe(70);
    expect(linear([3, 3], [0, 10])(3)).toBe(5);
  });

  it('has round ticks inside its domain', () => {
    expect(linear([-2.2, 2.2], [0, 1]).ticks(5)).toEqual([-2, -1, 0, 1, 2]);
  });
});
