// Score against KL: the line comes in pieces while nothing plays, and each run stands beside the best there is.

import { render, screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import type { Frontier } from '../engine/protocol.gen';
import { ceilingAt } from '../state/ceiling.svelte';
import { playground, until } from '../testing/setup';
import Ceiling from './Ceiling.svelte';

const point = (kl: number, score: number) => ({ lambda: 1, kl, score, parts: [], ess: 20 });
const line: Frontier = { reference: point(0, 3), points: [point(1, 6), point(3, 8)], sampled: true, prompts: 1, responses: 1, stopped: '' };

describe('ceilingAt', () => {
  it.each([
    [0, 3],
    [0.5, 4.5],
    [1, 6],
    [2, 7],
    [3, 8],
    [3.1, NaN],
    [-0.1, NaN],
    [NaN, NaN],
  ])('at a KL of %d is %d', (kl, score) => expect(ceilingAt(line, kl)).toBe(score));
});

describe('Ceiling', () => {
  it('asks for the line in pieces, and again where other things count', async () => {
    const { play, ports } = await playground();
    render(Ceiling, { playground: play });
    const pieces = () => ports.flatMap((port) => port.heard).filter((r) => r.type === 'frontier').length;
    await until(() => screen.queryByTestId('ceiling-stopped') !== null);
    expect(pieces()).toBe(2);
    expect(screen.getByTestId('ceiling-line').getAttribute('d')).toMatch(/^M\S+ \S+L\S+ \S+L\S+ \S+$/);
    play.set('noise', 1);
    await new Promise((done) => setTimeout(done, 20));
    expect(pieces()).toBe(2);
    play.set('stakes', 'flat');
    await until(() => pieces() === 3);
  });

  it('waits while runs play, and then sets each beside the best', async () => {
    const { play, ports } = await playground();
    await play.play();
    render(Ceiling, { playground: play });
    const asked = () => ports.flatMap((port) => port.heard).some((r) => r.type === 'frontier');
    expect(play.running && asked()).toBe(false);
    await until(() => play.over);
    await until(() => screen.queryByTestId('ceiling-stopped') !== null);
    expect(screen.getByTestId('ceiling-table').querySelectorAll('tbody tr')).toHaveLength(2);
    expect(screen.getByRole('img').getAttribute('aria-label')).toMatch(/A · DPO: [\d.]+ at a KL of [\d.]+, best/);
  });
});
