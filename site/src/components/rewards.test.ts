// Reward models: a worker of their own for as long as they train, and both policies read beside them.

import { render, screen } from '@testing-library/svelte';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import { catalog } from '../engine/catalog.gen';
import { rewardExperiment } from '../lib/rewards';
import { playground, until } from '../testing/setup';
import Rewards from './Rewards.svelte';

const text = (id: string) => screen.getByTestId(id).textContent ?? '';
const rows = () =>
  Array.from(screen.getByTestId('rewards-table').querySelectorAll('tbody tr'), (row) => Array.from(row.children, (cell) => cell.textContent).join('|'));

describe('Rewards', () => {
  it('trains both models in a worker that is ended, and reads the policies once their runs have', async () => {
    const { play, ports } = await playground();
    render(Rewards, { playground: play });
    expect(screen.queryByTestId('rewards-table')).toBeNull();
    const before = ports.length;
    screen.getByTestId('rewards-train').click();
    await until(() => screen.queryByTestId('rewards-table') !== null);
    expect(ports.length).toBe(before + 1);
    expect(ports.at(-1)!.heard.map((r) => r.type)).toEqual(['reward']);
    expect(rows()).toEqual([
      'Bradley-Terry|60 %|60 %|–|0.100|0.200|0.50|–',
      'Margin matching|61 %|61 %|–|0.100|0.200|0.51|–',
    ]);
    expect(text('rewards-sentence')).toContain('best at n = 16 and lose 0.25 points from there (± 0.10): over-optimization');
    expect(text('rewards-sentence')).toContain('the best of 64 is worth +1.50 points over the reference; the model expects 0.50 points more than that; no fall beyond chance');
    await until(() => screen.queryByTestId('rewards-cancel') === null);
    expect(screen.queryByTestId('rewards-train')).toBeNull();

    await play.play();
    await until(() => play.over);
    await until(() => screen.queryByTestId('rewards-train')?.textContent === 'Read both policies as well');
    screen.getByTestId('rewards-train').click();
    await until(() => rows().length === 4);
    expect(rows()[3]).toContain('B · MMPO, implicit|75 %');
    expect(ports.at(-1)!.heard.map((r) => r.type)).toEqual(['readRun', 'readRun']);

    play.set('pairs', 30);
    await play.reset();
    await until(() => screen.queryByTestId('rewards-train')?.textContent === 'Train both reward models');
    await screen.findByText(/The settings have moved on/);
  });

  it('can be canceled', async () => {
    const { play } = await playground();
    render(Rewards, { playground: play });
    screen.getByTestId('rewards-train').click();
    await tick();
    screen.getByTestId('rewards-cancel').click();
    await until(() => screen.queryByTestId('rewards-train') !== null);
    await new Promise((done) => setTimeout(done, 50));
    expect(screen.queryByTestId('rewards-table')).toBeNull();
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

describe('rewardExperiment', () => {
  it('is B’s, with the gamma of the side that has one', () => {
    const { a, b } = catalog.comparison;
    expect(rewardExperiment({ a, b })).toBe(b);
    expect(rewardExperiment({ a: b, b: a }).objective.gamma).toBe(b.objective.gamma);
    expect(rewardExperiment({ a, b: a })).toBe(a);
  });
});
