// What is kept of a run under way, so that a closed or crashed tab takes none of it.

import type { Client } from '../engine/client';
import { sides, type Side } from '../lib/params';
import { persist } from '../lib/persist';

/** SavedRun is one side of a comparison: its checkpoint, and the rows that it has measured. */
export interface SavedRun {
  checkpoint: Uint8Array;
  rows: Float32Array;
}

/** SavedRuns is a comparison under way: its link, and both sides. */
export interface SavedRuns {
  link: string;
  runs: { [side in Side]: SavedRun };
}

const linkKey = 'autosave/link';
const checkpointKey = (side: Side) => `autosave/${side}`;
const rowsKey = (side: Side) => `autosave/rows-${side}`;

/** Autosave keeps one comparison in the store of this browser. It is a convenience: where it fails, nothing else does. */
export class Autosave {
  /** Whether what is kept is a run of this tab. */
  own = false;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly client: () => Promise<Client>) {}

  /** Keeps what take returns, in place of what was kept before. Calls follow one another. */
  keep(take: () => Promise<SavedRuns | null>): Promise<void> {
    return this.#next(async () => {
      const saved = await take();
      if (!saved) return;
      persist();
      this.own = true;
      await this.#put(linkKey); // without its link the rest counts nothing, should the tab end in between
      for (const side of sides) {
        const { checkpoint, rows } = saved.runs[side];
        await this.#put(checkpointKey(side), checkpoint);
        await this.#put(rowsKey(side), new Uint8Array(rows.buffer));
      }
      await this.#put(linkKey, new TextEncoder().encode(saved.link));
    });
  }

  /** Forgets what is kept. */
  forget(): Promise<void> {
    this.own = false;
    return this.#next(async () => {
      await this.#put(linkKey);
      for (const side of sides) for (const key of [checkpointKey(side), rowsKey(side)]) await this.#put(key);
    });
  }

  /** Returns what an earlier tab kept, null if that is nothing. */
  async recall(): Promise<SavedRuns | null> {
    const link = await this.#get(linkKey);
    if (!link) return null;
    const [a, b] = [await this.#recallRun('a'), await this.#recallRun('b')];
    return a && b && { link: new TextDecoder().decode(link), runs: { a, b } };
  }

  async #recallRun(side: Side): Promise<SavedRun | null> {
    const [checkpoint, rows] = [await this.#get(checkpointKey(side)), await this.#get(rowsKey(side))];
    return checkpoint && rows ? { checkpoint, rows: new Float32Array(rows.slice().buffer) } : null;
  }

  #next(act: () => Promise<void>): Promise<void> {
    const acted = this.#queue.then(act).catch(() => {});
    this.#queue = acted;
    return acted;
  }

  async #put(key: string, checkpoint?: Uint8Array): Promise<void> {
    await (await this.client()).ask('keep', { key }, { attachments: { checkpoint } });
  }

  async #get(key: string): Promise<Uint8Array | undefined> {
    return (await (await this.client()).ask('recall', { key })).attachments.checkpoint;
  }
}
