// The whole page on a fake engine: what the parts are called, and that they hang together.

import { render, screen } from '@testing-library/svelte';
import { beforeEach, expect, it, vi } from 'vitest';
import App from './App.svelte';
import { Playground } from './state/playground.svelte';
import { fakeHost } from './testing/fake';
import { ship, until } from './testing/setup';

// jsdom has no canvas; what is drawn is looked at in a browser.
vi.mock('./figures/plot', async (original) => ({
  ...(await original<typeof import('./figures/plot')>()),
  makePlot: () => ({ setData() {}, setSize() {}, setCursor() {}, valToPos: () => 0, destroy() {}, height: 0 }),
}));

const text = (id: string) => screen.getByTestId(id).textContent ?? '';

beforeEach(() => {
  ship();
  history.replaceState(null, '', location.pathname);
  vi.stubGlobal('fetch', async () => new Response(null, { status: 404 }));
  HTMLCanvasElement.prototype.getContext = (() => null) as never;
});

async function page() {
  render(App, { playground: new Playground(fakeHost().host) });
  await until(() => text('status') === 'Ready');
  const steps = screen.getByTestId<HTMLInputElement>('param-steps');
  steps.value = '5';
  steps.dispatchEvent(new Event('change', { bubbles: true }));
  await until(() => text('step-counter') === '0 / 5');
}

it('plays to the end by the keyboard and shows scores, samples and fingerprints', async () => {
  await page();
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true }));
  await until(() => text('status').startsWith('Done'));
  expect(text('step-counter')).toBe('5 / 5');
  expect(text('big-score-b')).toMatch(/^\d\.\d\d$/);
  expect(text('fingerprint-a')).toHaveLength(12);
  expect(screen.getByTestId('samples').querySelectorAll('li').length).toBe(3);
  expect(text('scatter')).toContain('asks each dot onto the line');
  for (const id of ['score', 'kl', 'valid', 'loss', 'accuracy', 'margins', 'logps', 'rewards'])
    expect(screen.getByTestId(`chart-${id}`)).toBeDefined();
});

it('asks for a restart after the dice, and resets with R', async () => {
  await page();
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
  await until(() => text('step-counter') === '1 / 5');
  screen.getByTestId('dice').click();
  await until(() => screen.getByTestId('play').getAttribute('aria-label') === 'Apply changes and restart');
  document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'r', bubbles: true }));
  await until(() => text('step-counter') === '0 / 5');
});

it('leaves the keys to a field that has the focus', async () => {
  await page();
  screen.getByTestId('param-steps').dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true }));
  await new Promise((done) => setTimeout(done, 50));
  expect(text('status')).toBe('Ready');
});
