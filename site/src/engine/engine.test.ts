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
    expect(prepare).toHaveBeenCalledOnce();
    expect(ports).toHaveLength(3);
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
