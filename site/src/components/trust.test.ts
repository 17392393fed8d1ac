// What is learned is compared with what is true, and saved: correlations, calibration, parts of the score, curves.

import { render, screen, within } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { catalog } from '../engine/catalog.gen';
import { Table } from '../engine/table';
import { curvesOf, shortest, toCSV } from '../lib/curves';
import { surplus, trust } from '../lib/trust';
import { playground, until } from '../testing/setup';
import Trust from './Trust.svelte';
import Weights from './Weights.svelte';

describe('trust', () => {
  const bin = (count: number, confidence: number, agreement: number) => ({ count, confidence, agreement });

  it('says on which side of the diagonal the pairs lie', () => {
    expect(surplus([bin(3, 0.9, 0.6), bin(1, 0.5, 0.5)])).toBeCloseTo(0.225);
    expect(trust([bin(10, 0.9, 0.7)], 0.2)).toBe('Its confidence is off by 20.0 % on average: it is too sure.');
    expect(trust([bin(10, 0.6, 0.7)], 0.1)).toBe('Its confidence is off by 10.0 % on average: it is not sure enough.');
    expect(trust([bin(5, 0.9, 0.7), bin(5, 0.6, 0.8)], 0.2)).toContain('here too high, there too low');
    expect(trust([bin(5, 0.9, 0.89)], 0.01)).toBe('Calibrated: its confidence is off by 1.0 % on average.');
    expect(trust([], NaN)).toBe('');
    expect(trust([bin(0, 0, 0)], NaN)).toBe('');
  });

  it('shows correlations, reliability and parts of both sides, and turns to outcomes', async () => {
    const { play } = await playground();
    render(Trust, { playground: play });
    expect(screen.getByText('Nothing is measured yet. Press Play.')).toBeTruthy();
    await play.play();
    await until(() => play.over);
    await until(() => screen.queryByTestId('reliability-a') !== null);
    const row = within(screen.getByRole('row', { name: /^true difference Spearman/ })).getAllByRole('cell');
    expect(row).toHaveLength(2);
    await until(() => row[1]!.textContent === '0.60');
    expect(within(screen.getByRole('row', { name: /^graded margin Kendall/ })).getAllByRole('cell')[0]!.textContent).toBe('–');
    const figure = screen.getByTestId('reliability-b');
    expect(figure.querySelectorAll('path')).toHaveLength(play.runs.b.now!.reliability.preference.filter((b) => b.count > 0).length);
    expect(figure.textContent).toContain('ECE 0.300');
    screen.getByTestId('against-outcome').click();
    await until(() => figure.textContent!.includes('ECE 0.200'));
    const wish = within(screen.getByRole('row', { name: /^wish/ })).getAllByRole('cell');
    expect(wish.map((cell) => cell.textContent)).toEqual(['0.00', '6.00', '6.00']);
  });
});

describe('curves', () => {
  it('writes floats in the fewest digits that read back', () => {
    const cases: [number, number | null][] = [[0.1, 0.1], [16777217, 16777216], [-3e-12, -3e-12], [1 / 3, 0.33333334], [NaN, null], [Infinity, null]];
    for (const [x, want] of cases) expect(shortest(Math.fround(x))).toBe(want);
    for (let i = 1; i < 200; i++) expect(Math.fround(shortest(Math.fround(Math.exp(i / 7 - 14)))!)).toBe(Math.fround(Math.exp(i / 7 - 14)));
  });

  it('ends where the run stands, and leaves empty what was not measured', () => {
    const table = new Table(['loss', 'kl']);
    table.add([0, NaN, 0.5, 1, 0.25, NaN, 2, 3, 4]);
    table.goTo(1);
    const curves = curvesOf(table, '1', 'v=1');
    expect(curves).toEqual({ engine: '1', link: 'v=1', metrics: ['loss', 'kl'], rows: [[0, null, 0.5], [1, 0.25, null]] });
    expect(toCSV(curves)).toBe('step,loss,kl\n0,,0.5\n1,0.25,\n');
  });

  it('are saved by the button, with the link of the run alone', async () => {
    const { play } = await playground();
    render(Weights, { playground: play, side: 'b' });
    await play.play();
    await until(() => play.over);
    const blobs: Blob[] = [];
    URL.createObjectURL = vi.fn((blob: Blob) => (blobs.push(blob), 'blob:x')) as never;
    URL.revokeObjectURL = vi.fn();
    const click = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => {});
    for (const kind of ['csv', 'json']) {
      screen.getByTestId(`save-${kind}-b`).click();
      await until(() => screen.queryByText(new RegExp(`^Saved as margins-mmpo-step\\d+\\.${kind}\\.$`)) !== null);
    }
    click.mockRestore();
    expect(blobs.map((b) => b.type)).toEqual(['text/csv', 'application/json']);
    expect(blobs[1]!.size).toBeGreaterThan(100 + catalog.metrics.length);
  });
});
