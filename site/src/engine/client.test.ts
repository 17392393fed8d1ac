import { describe, expect, it, vi } from 'vitest';
import { Client, type Port, type Post } from './client';
import { TagRows, type Message, type Request, type State } from './protocol.gen';

/** A worker that says only what a test lets it say. */
class Puppet implements Port {
  onmessage: Port['onmessage'] = null;
  onerror: Port['onerror'] = null;
  asked: Request[] = [];
  ended = false;
  postMessage(message: unknown) {
    this.asked.push((message as { request: Request }).request);
  }
  terminate() {
    this.ended = true;
  }
  say(post: Post) {
    this.onmessage?.({ data: post } as MessageEvent<Post>);
  }
  answer(message: Message) {
    this.say({ message });
  }
}

function pair(): { client: Client; worker: () => Puppet } {
  const workers: Puppet[] = [];
  const client = new Client(() => {
    workers.push(new Puppet());
    return workers.at(-1)!;
  });
  return { client, worker: () => workers.at(-1)! };
}

const state = (id: number): State => ({ id, type: 'state', phase: 'ready', step: 0, steps: 1, stepsPerSecond: 0, stored: [] });

describe('Client', () => {
  it('gives each answer to its request, whatever their order', async () => {
    const { client, worker } = pair();
    const [first, second] = [client.ask('list'), client.ask('writeLink')];
    const [a, b] = worker().asked;
    worker().answer({ id: b!.id, type: 'linkWritten', link: 'v=1' });
    worker().answer({ id: a!.id, type: 'listed', datasets: [], lasting: true });
    expect((await first).message.type).toBe('listed');
    expect((await second).message.link).toBe('v=1');
  });

  it('tells progress, and refuses with the code and the sentence of the failure', async () => {
    const { client, worker } = pair();
    const progress = vi.fn();
    const asked = client.ask('fit', {}, { progress });
    const { id } = worker().asked[0]!;
    worker().answer({ id, type: 'progress', done: 0.5, label: 'half' });
    worker().answer({ id, type: 'failed', code: 'canceled', message: 'canceled' });
    await expect(asked).rejects.toMatchObject({ code: 'canceled', message: 'canceled' });
    expect(progress).toHaveBeenCalledWith(expect.objectContaining({ done: 0.5 }));
  });

  it('drops what an earlier run still says', () => {
    const { client, worker } = pair();
    const heard = { state: vi.fn(), floats: vi.fn(), samples: vi.fn() };
    client.listener = heard;
    void client.ask('open');
    void client.ask('open');
    const [old, now] = worker().asked.map((r) => r.id) as [number, number];
    for (const id of [old, now]) {
      worker().answer(state(id));
      worker().answer({ id, type: 'samples', step: 0, samples: [], parts: [], reliability: { preference: [], outcome: [] } });
      worker().say({ floats: new Float32Array([id]), tag: TagRows, id });
    }
    expect(heard.state.mock.calls).toEqual([[state(now)]]);
    expect(heard.samples).toHaveBeenCalledTimes(1);
    expect(heard.floats.mock.calls).toEqual([[TagRows, new Float32Array([now])]]);
  });

  it('passes on that a command failed', () => {
    const { client, worker } = pair();
    client.listener = { failed: vi.fn() };
    client.command('play');
    worker().answer({ id: worker().asked[0]!.id, type: 'failed', code: 'no-run', message: 'No run is open.' });
    expect(client.listener.failed).toHaveBeenCalledOnce();
  });

  it.each(['crash', 'error'])('refuses all that is open when the program dies (%s), and works again after a restart', async (how) => {
    const { client, worker } = pair();
    const crashed = vi.fn();
    client.listener = { crashed };
    const asked = client.ask('list');
    const dead = worker();
    if (how === 'crash') dead.say({ crash: 'out of memory' });
    else dead.onerror?.({ message: 'out of memory' } as ErrorEvent);
    await expect(asked).rejects.toMatchObject({ code: 'crashed' });
    expect(crashed).toHaveBeenCalledWith('out of memory');
    expect(client.dead).toBe(true);
    expect(dead.ended).toBe(true);
    await expect(client.ask('list')).rejects.toMatchObject({ code: 'crashed' });

    client.restart();
    const again = client.ask('list');
    worker().answer({ id: worker().asked[0]!.id, type: 'listed', datasets: [], lasting: true });
    await expect(again).resolves.toBeDefined();
  });
});
