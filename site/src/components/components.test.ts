// The components by what a person sees of them and does to them.

import { render, screen, within } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { catalog } from '../engine/catalog.gen';
import type { State } from '../engine/protocol.gen';
import { Table } from '../engine/table';
import { findParam, set } from '../lib/params';
import { fakePairs } from '../testing/fake';
import DataColumn from './DataColumn.svelte';
import Field from './Field.svelte';
import Formula from './Formula.svelte';
import PairBrowser from './PairBrowser.svelte';
import RunControls from './RunControls.svelte';
import Samples from './Samples.svelte';
import Scores from './Scores.svelte';
import Share from './Share.svelte';
import SideCard from './SideCard.svelte';

const base = catalog.comparison;

function change(element: HTMLElement, value: string): void {
  (element as HTMLInputElement).value = value;
  element.dispatchEvent(new Event('change', { bubbles: true }));
}

describe('Field', () => {
  const show = (id: string, value: number | string, initial = value) => {
    const onchange = vi.fn();
    render(Field, { param: findParam(id), value, initial, onchange });
    return onchange;
  };

  it('has a number field that keeps to the limits', () => {
    const onchange = show('lr', 0.001);
    change(screen.getByTestId('param-lr'), '7');
    expect(onchange).toHaveBeenLastCalledWith(findParam('lr').max);
    change(screen.getByTestId('param-lr'), 'nonsense');
    expect(onchange).toHaveBeenCalledTimes(1);
    expect(screen.getByTestId<HTMLInputElement>('param-lr').value).toBe('0.001');
  });

  it('has a slider that says its value', () => {
    show('gamma', 0.5);
    expect(screen.getByRole('slider', { name: 'gamma' })).toHaveProperty('ariaValueText');
    expect(screen.getByRole('slider').getAttribute('aria-valuetext')).toBe('0.500 per point');
  });

  it('offers the levels by name, and any other number', () => {
    const onchange = show('levels', 0);
    expect(screen.getByTestId<HTMLInputElement>('levels-exact').checked).toBe(true);
    screen.getByTestId('levels-2').click();
    expect(onchange).toHaveBeenLastCalledWith(2);
    change(screen.getByTestId('param-levels'), '7');
    expect(onchange).toHaveBeenLastCalledWith(7);
  });

  it('keeps a choice of numbers a number', () => {
    const onchange = show('heads', 4);
    screen.getByTestId('heads-2').click();
    expect(onchange).toHaveBeenLastCalledWith(2);
  });

  it('goes back to its default, and offers that only when it was moved', () => {
    expect(show('noise', 1, 0.3)).toBeDefined();
    screen.getByRole('button', { name: /Reset/ }).click();
    render(Field, { param: findParam('decay'), value: 0.01, initial: 0.01, onchange: vi.fn() });
    expect(screen.getAllByRole('button', { name: /Reset/ })).toHaveLength(1);
  });

  it('explains itself on focus', () => {
    show('noise', 1);
    const tip = screen.getByRole('button', { name: /What is/ }).getAttribute('aria-describedby');
    expect(document.getElementById(tip!)?.textContent).toBe(findParam('noise').help);
  });
});

describe('RunControls', () => {
  const show = (stored: number[], step = 80) => {
    const handlers = { onmain: vi.fn(), onstep: vi.fn(), onreset: vi.fn(), onseek: vi.fn() };
    render(RunControls, { main: 'play', step, steps: 160, stored, stepsPerSecond: 0, recorded: false, ...handlers });
    return handlers.onseek;
  };

  it('has a bar, and a slider once there are steps to go back to', () => {
    show([0], 5);
    expect(screen.queryByTestId('seek')).toBeNull();
    expect(screen.getByRole('progressbar')).toHaveProperty('value', 5);
  });

  it.each([
    [97, 100],
    [12, 20],
    [0, 0],
  ])('slides from %d to the nearest stored step, %d', (wanted, want) => {
    const onseek = show([0, 20, 80, 100]);
    const slider = screen.getByRole<HTMLInputElement>('slider', { name: 'Go back to a step' });
    slider.value = String(wanted);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    expect(onseek.mock.calls).toEqual([[want]]);
    expect(slider.value).toBe(String(want));
  });

  it.each([
    ['ArrowLeft', 20],
    ['ArrowRight', 100],
    ['Home', 0],
    ['End', 100],
    ['PageDown', 20],
  ])('goes by %s to %d', (key, want) => {
    const onseek = show([0, 20, 80, 100]);
    screen.getByTestId('seek').dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    expect(onseek.mock.calls).toEqual([[want]]);
  });

  it('stays where no step is further', () => {
    const onseek = show([0, 80]);
    screen.getByTestId('seek').dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    expect(onseek).not.toHaveBeenCalled();
  });
});

describe('DataColumn', () => {
  const show = (changed: { [param: string]: number | string } = {}) => {
    const [a, b] = [base.a, base.b].map((e) => Object.entries(changed).reduce((e, [id, value]) => set(e, findParam(id), value), e));
    const summary = null;
    render(DataColumn, { comparison: { a: a!, b: b! }, datasets: [], missing: '', summary, waiting: false, onset: vi.fn(), onworld: vi.fn() });
  };
  it('keeps rare parts of the rater behind a disclosure, and those that nothing reads away', () => {
    show({ levels: 2 });
    expect(screen.getByTestId('param-cut').closest('details')!.textContent).toContain('More about the rater');
    expect(screen.getByTestId('param-noise').closest('details')).toBeNull();
    expect(screen.queryByTestId('param-combine')).toBeNull();
    expect(screen.queryByTestId('levels-7')).toBeNull();
  });

  it('counts the levels of comparisons', () => {
    show({ asks: 'comparison', raters: 3 });
    expect(screen.getByTestId('param-combine')).toBeDefined();
    expect(screen.queryByTestId('param-bias')).toBeNull();
    expect(screen.queryByText('Stars')).toBeNull();
    expect(screen.getByTestId('levels-8')).toBeDefined();
    expect(screen.queryByTestId('levels-10')).toBeNull();
    expect(screen.getByText('2 changed')).toBeDefined();
  });
});

describe('PairBrowser', () => {
  const pairs = fakePairs({ ...base.a, pairs: 3 }, 2);
  const show = (props = {}) => {
    const handlers = { onselect: vi.fn(), onsplit: vi.fn() };
    const { grader } = base.a;
    const all = { pairs, hint: '', comparison: base, grader, index: 0, split: 'train' as const, learned: { a: 1, b: -2 }, ...handlers };
    render(PairBrowser, { ...all, ...props });
    return handlers;
  };

  it('shows both responses, their grades, the margin and the target', () => {
    show();
    const [pair] = pairs;
    for (const text of [pair!.prompt, pair!.chosen, pair!.rejected, pair!.margin.toFixed(2)])
      expect(document.body.textContent).toContain(text);
    const p = 1 / (1 + Math.exp(-base.b.objective.gamma * pair!.margin));
    expect(screen.getByRole('img', { name: /Target probability/ }).getAttribute('aria-label')).toContain(p.toFixed(2));
    expect(screen.getByRole('img', { name: /Learned margin/ }).getAttribute('aria-label')).toContain('A 1.00, B \u22122.00');
  });

  it('goes round within the split', () => {
    const { onselect } = show({ index: 4, split: 'heldout' });
    expect(screen.getByText('2 / 2')).toBeDefined();
    screen.getByRole('button', { name: 'Next pair' }).click();
    expect(onselect).toHaveBeenLastCalledWith(3);
  });

  it('names the level by the scale that the pair was graded on', () => {
    const up = { ...pairs[0]!, scoreChosen: 7.75, scoreRejected: 3.25, margin: 4.5 };
    show({ pairs: [up], grader: { ...base.a.grader, levels: 2 } });
    expect(screen.getByText('thumb up')).toBeDefined();
    expect(screen.getByText('thumb down')).toBeDefined();
  });

  it('never calls one of a tie the better', () => {
    show({ pairs: [{ ...pairs[0]!, margin: 0, scoreRejected: pairs[0]!.scoreChosen }] });
    expect(screen.getByText('a tie')).toBeDefined();
    expect(screen.queryByText('Chosen')).toBeNull();
  });

  it('writes a person’s text as text', () => {
    show({ pairs: [{ ...pairs[0]!, chosen: '<img src=x onerror=alert(1)>' }] });
    expect(document.querySelector('img')).toBeNull();
    expect(document.body.textContent).toContain('<img src=x');
  });
});

describe('Scores', () => {
  const table = (score: number, accuracy: number) => {
    const t = new Table(catalog.metrics.map((m) => m.id));
    const row = (step: number, s: number) => [
      step,
      ...catalog.metrics.map((m) => ({ true_score: s, kl: 2, 'eval_rewards/accuracies': accuracy })[m.id] ?? NaN),
    ];
    t.add(row(0, 3.1));
    t.add(row(10, score));
    return t;
  };
  const show = (imported: boolean) =>
    render(Scores, { tables: { a: table(6, 0.7), b: table(7.5, 0.8) }, version: 1, imported, names: { a: 'DPO', b: 'MMPO' }, finding: '' });

  it('shows the scores beside the reference', () => {
    show(false);
    const texts = ['a', 'b', 'reference'].map((side) => screen.getByTestId(`big-score-${side}`).textContent);
    expect(texts).toEqual(['6.00', '7.50', '3.10']);
    expect(document.body.textContent).toContain('+1.50');
  });

  it.each([
    [true, 'verified'],
    [false, 'differs'],
  ])('says whether the run is its link’s: %s', (same, testid) => {
    const tables = { a: table(6, 0.7), b: table(7, 0.7) };
    render(Scores, { tables, version: 1, imported: false, names: { a: 'DPO', b: 'MMPO' }, finding: '', verdict: { same, text: 'So it is' } });
    expect(screen.getByTestId(testid).textContent).toBe('So it is');
    expect(screen.getByRole('status').textContent!.includes('fingerprints of its link')).toBe(same);
  });

  it('shows accuracy where nobody knows the scores', () => {
    show(true);
    expect(screen.getByTestId('big-score-b').textContent).toBe('80 %');
    expect(screen.getByTestId('big-score-reference').textContent).toBe('50 %');
  });
});

describe('SideCard', () => {
  const show = (standing: Partial<State> | null, props = {}) => {
    const handlers = { onset: vi.fn(), onrevive: vi.fn() };
    const full = standing && ({ id: 1, type: 'state', phase: 'paused', step: 1, steps: 2, stepsPerSecond: 1, ...standing } as State);
    render(SideCard, {
      side: 'b',
      experiment: base.b,
      standing: full,
      failure: '',
      crashed: false,
      recorded: false,
      ...handlers,
      ...props,
    });
    return handlers;
  };

  it('has the parameters of its objective and no others', () => {
    show(null);
    expect(screen.getByTestId('param-b-gamma')).toBeDefined();
    expect(screen.queryByTestId('param-b-smoothing')).toBeNull();
    expect(screen.queryByTestId('fingerprint-b')).toBeNull();
  });

  it('shows the fingerprint, short and whole', () => {
    show({ phase: 'done', fingerprint: 'abcdef012345'.padEnd(64, '9') });
    const print = screen.getByTestId('fingerprint-b');
    expect(print.textContent).toBe('abcdef012345');
    expect(print.title).toHaveLength(64);
  });

  it('shows what diverged, what was altered, and what died', () => {
    const { onrevive } = show({ phase: 'diverged', message: 'Lower it.', altered: 3 }, { failure: 'It stopped.', crashed: true });
    expect(screen.getByTestId('diverged-b').textContent).toBe('Lower it.');
    expect(document.body.textContent).toContain('changed during this run, from step 2 on');
    screen.getByRole('button', { name: /Start this side again/ }).click();
    expect(onrevive).toHaveBeenCalledOnce();
  });

  it('changes its own objective', () => {
    const { onset } = show(null);
    change(screen.getByTestId('objective-b'), 'cdpo');
    expect(onset).toHaveBeenLastCalledWith('objective', 'cdpo');
  });
});

describe('Samples', () => {
  it('marks the words that differ, and says what is not valid', () => {
    const sample = (text: string, valid = true) => ({ prompt: 'p', text, score: 2, valid });
    render(Samples, {
      before: [sample('a b c')],
      a: [sample('a x c')],
      b: [sample('a b c', false)],
      step: 9,
      titles: { a: 'DPO', b: 'MMPO' },
    });
    expect([...document.querySelectorAll('mark')].map((m) => m.textContent)).toEqual(['x']);
    expect(within(screen.getByTestId('samples')).getAllByText(/invalid/)).toHaveLength(1);
    expect(screen.getByTestId('samples').textContent).toContain('a x c');
  });
});

describe('Share', () => {
  const refuse = async () => {
    throw new Error('denied');
  };
  it.each([
    ['copies the link and says so', async () => {}, 'Link copied'],
    ['shows the link where the clipboard is refused', refuse, 'Copy this link:'],
  ])('%s', async (_, writeText, said) => {
    vi.stubGlobal('navigator', { clipboard: { writeText } });
    render(Share, { address: async () => 'https://host/#v=1' });
    screen.getByTestId('share').click();
    await vi.waitFor(() => expect(screen.getByRole('status').textContent).toContain(said));
    if (said.startsWith('Copy')) expect(screen.getByRole<HTMLInputElement>('textbox').value).toBe('https://host/#v=1');
    vi.unstubAllGlobals();
  });

  it('says what is wrong with the settings', async () => {
    render(Share, { address: refuse });
    screen.getByTestId('share').click();
    await vi.waitFor(() => expect(screen.getByRole('status').textContent).toContain('denied'));
  });
});

describe('Formula', () => {
  it.each(catalog.objectives.map((o) => o.formula))('%s can be read and heard', (tex) => {
    const { container } = render(Formula, { tex });
    expect(container.querySelector('.visually-hidden')?.textContent).not.toContain('\\');
    expect(container.textContent).not.toContain('\\');
  });
});
