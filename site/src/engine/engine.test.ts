import { describe, expect, it, vi } from 'vitest';
import { fakeHost } from '../testing/fake';
import { catalog } from './catalog.gen';
import { Engine, isImported } from './engine';

const experiment = catalog.comparison.a;
const shipped = [{ world: experiment.world, model: experiment.model, file: 'r.ckpt', fingerprint: '', loss: 1 }];
const odd = { ...experiment, model: { ...experiment.model, width: 64 } };

describe('Engine', () => {
  it('starts three workers of one program', async () => {
    const { host, ports } = fakeHost();
    const prepare = vi.spyOn(host, 'prepare');
    await Engine.start(host, shipped);
    expect(prepare.mock.calls).toEqual([['engine']]);
    expect(ports).toHaveLength(3);
  });

  it('loads the full program once, when it is needed', async () => {
    const { host, ports } = fakeHost();
    const prepare = vi.spyOn(host, 'prepare').mockClear();
    const engine = await Engine.start(host, shipped);
    const lent = await engine.withImporter(true, async (importer) => importer);
    await engine.withImporter(true, async (importer) => expect(importer).not.toBe(engine.data));
    expect(prepare.mock.calls).toEqual([['engine'], ['full']]);
    expect(ports).toHaveLength(5);
    expect(lent.dead).toBe(true);
  });

  it('reads files in the data worker where nothing lasts', async () => {
    const { host, ports } = fakeHost();
    const engine = await Engine.start(host, shipped);
    for (let i = 0; i < 2; i++) await engine.withImporter(false, async (importer) => expect(importer).toBe(engine.data));
    expect(ports).toHaveLength(4);
    expect(engine.data.dead).toBe(false);
  });

  it('tries again after the full program could not be had', async () => {
    const { host } = fakeHost();
    const engine = await Engine.start(host, shipped);
    vi.spyOn(host, 'prepare').mockRejectedValueOnce(new Error('offline'));
    await expect(engine.full()).rejects.toThrow('offline');
    await expect(engine.full()).resolves.toHaveProperty('dead', false);
  });

  it('fetches a shipped reference once', async () => {
    const { host, ports } = fakeHost();
    const fetch = vi.spyOn(host, 'fetch');
    const engine = await Engine.start(host, shipped);
    expect(engine.ready(experiment)).toBe(true);
    await engine.materials(experiment);
    await engine.materials({ ...experiment, pairs: 9, seed: 4 });
    expect(fetch.mock.calls).toEqual([['references/r.ckpt']]);
    expect(ports[0]!.heard).toEqual([]);
  });

  it('fits any other, once, and tells how far it is', async () => {
    const { host, ports } = fakeHost();
    const engine = await Engine.start(host, shipped);
    expect(engine.ready(odd)).toBe(false);
    const progress = vi.fn();
    await engine.materials(odd, progress);
    await engine.materials(odd, progress);
    expect(ports[0]!.heard.map((r) => r.type)).toEqual(['fit']);
    expect(progress).toHaveBeenCalledOnce();
    expect(engine.ready(odd)).toBe(true);
  });

  it('tries again after a reference could not be had', async () => {
    const { host } = fakeHost();
    const fetch = vi.spyOn(host, 'fetch').mockRejectedValueOnce(new Error('offline'));
    const engine = await Engine.start(host, shipped);
    await expect(engine.materials(experiment)).rejects.toThrow('offline');
    await expect(engine.materials(experiment)).resolves.toHaveProperty('reference');
    expect(fetch).toHaveBeenCalledTimes(2);
  });
});

it('tells an imported data set from a world', () => {
  expect(isImported('data:0123456789abcdef')).toBe(true);
  expect(isImported('script')).toBe(false);
});
