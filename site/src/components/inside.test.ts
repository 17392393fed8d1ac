// What is loaded only when it is unfolded: the inside of a policy, and its weights.

import { render, screen } from '@testing-library/svelte';
import { beforeEach, describe, expect, it } from 'vitest';
import { playground, until } from '../testing/setup';
import Inside from './Inside.svelte';
import Later from './Later.svelte';
import Weights from './Weights.svelte';

const text = (id: string) => screen.getByTestId(id).textContent ?? '';

beforeEach(() => {
  HTMLCanvasElement.prototype.getContext = (() => null) as never; // what is drawn is looked at in a browser
});

describe('Inside', () => {
  it('offers a run to look into, then shows its tokens and follows the pair and the side', async () => {
    const { play, ports } = await playground();
    const asked = () => ports.flatMap((port) => port.heard).filter((r) => r.type === 'inspect');
    render(Inside, { playground: play });
    screen.getByTestId('inside-open').click();
    await until(() => screen.queryByTestId('strip-chosen') !== null);
    expect(text('inside-step')).toContain('step 0');
    const pair = () => play.trained!.pairs[play.view.pair]!;
    const words = () => Array.from(screen.getByTestId('strip-chosen').querySelectorAll('.word'), (w) => w.textContent).join(' ');
    expect(words()).toBe(`${pair().chosen} <end>`);

    play.view.pair = 3;
    await until(() => words() === `${pair().chosen} <end>`);
    expect(asked().at(-1)!.pair).toBe(3);
    expect(asked().every((r) => r.experiment!.objective.id === 'mmpo')).toBe(true);
    screen.getByTestId('inside-a').click();
    await until(() => asked().some((r) => r.experiment!.objective.id === 'dpo'));

    const second = screen.getByTestId('strip-rejected').querySelectorAll('input')[2]!;
    second.click();
    await until(() => text('token-in-focus').includes(`“${pair().rejected.split(' ')[2]}”`));
    expect(text('next-tokens')).toContain('36.8 %');
    expect(text('takes-from')).toContain('100 %');
    await until(() => screen.queryByTestId('embeddings') !== null);
  });

  it('looks again as the run goes on, but seldom', async () => {
    const { play, ports } = await playground();
    await play.reset();
    render(Inside, { playground: play });
    await until(() => screen.queryByTestId('inside-step') !== null);
    await play.play();
    await until(() => play.over);
    await until(() => text('inside-step').includes('step 5'));
    const asked = ports.flatMap((port) => port.heard).filter((r) => r.type === 'inspect');
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  it('says so when the settings have other pairs than the run', async () => {
    const { play } = await playground();
    await play.takeStep();
    render(Inside, { playground: play });
    await until(() => screen.queryByTestId('inside-step') !== null);
    play.set('pairs', 30);
    await screen.findByText(/The settings have moved on to other pairs/);
  });
});

describe('Weights', () => {
  it('loads a file into a run, opening one if there is none, and says what does not fit', async () => {
    const { play, b } = await playground();
    render(Weights, { playground: play, side: 'b' });
    expect(screen.getByTestId<HTMLButtonElement>('save-weights-b').disabled).toBe(true);
    const input = screen.getByTestId<HTMLInputElement>('load-weights-b');
    const pick = (bytes: number[]) => {
      const file = Object.assign(new File([], 'x.safetensors'), { arrayBuffer: async () => Uint8Array.from(bytes).buffer });
      Object.defineProperty(input, 'files', { value: [file], configurable: true });
      input.dispatchEvent(new Event('change', { bubbles: true }));
    };
    pick([1, 2, 3]);
    await screen.findByText('The policy is that of x.safetensors now, eeeeeeeeeeee.');
    expect(play.open).toBe(true);
    expect(b().heard.map((r) => r.type)).toContain('adopt');
    await until(() => play.runs.b.state?.altered === 1);
    pick([]);
    expect((await screen.findByRole('alert')).textContent).toBe('These weights cannot be used: the file is empty.');
  });
});

describe('Later', () => {
  it('loads when it is unfolded, and says so when it cannot', async () => {
    let loads = 0;
    const load = async () => {
      loads++;
      throw new Error('offline');
    };
    render(Later, { props: { title: 'More', testid: 'more', load, props: {} } });
    expect(loads).toBe(0);
    screen.getByText('More').click();
    expect((await screen.findByRole('alert')).textContent).toMatch(/could not be loaded/);
    expect(loads).toBe(1);
  });
});
