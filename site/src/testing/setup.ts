// What tests of the page do again and again.

import { vi } from 'vitest';
import { catalog } from '../engine/catalog.gen';
import { Playground } from '../state/playground.svelte';
import { fakeHost, type FakePort, type FakeStore } from './fake';

/**
 * A playground on a fake engine, with short runs of few pairs, and with the store of an earlier one if it is given. The default size has
 * a shipped reference, whether or not one is built.
 */
export async function playground(
  link = '',
  store?: FakeStore,
): Promise<{ play: Playground; ports: FakePort[]; data: () => FakePort; a: () => FakePort; b: () => FakePort }> {
  ship();
  history.replaceState(null, '', `${location.pathname}${link && `#${link}`}`);
  vi.stubGlobal('fetch', async () => new Response(null, { status: 404 }));
  const { host, ports } = fakeHost(store);
  const play = new Playground(host);
  await play.start();
  play.set('steps', 5);
  play.set('pairs', 20);
  return { play, ports, data: () => ports[0]!, a: () => ports[1]!, b: () => ports[2]! };
}

/** Makes sure that the catalog has a reference of the default size. */
export function ship(): void {
  const { world, model } = catalog.comparison.a;
  if (catalog.references.length === 0) catalog.references.push({ world, model, file: 'default.ckpt', fingerprint: '', loss: 0 });
}

/** Waits until what is asked for is so. */
export async function until(what: () => boolean): Promise<void> {
  await vi.waitFor(() => {
    if (!what()) throw new Error('not yet');
  }, 3000);
}
