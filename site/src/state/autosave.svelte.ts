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

// A run is kept in one of two slots, in turn, and the link says in which: so there is a whole run at any time, whenever the tab may end.
type Slot = '0' | '1';
const slots: Slot[] = ['0', '1'];
const linkKey = 'autosave/link';
const checkpointKey = (slot: Slot, side: Side) => `autosave/${slot}/${side}`;
const rowsKey = (slot: Slot, side: Side) => `autosave/${slot}/rows-${side}`;

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
      const slot = (await this.#pointer())?.slot === '0' ? '1' : '0';
      for (const side of sides) {
        const { checkpoint, rows } = saved.runs[side];
        await this.#put(checkpointKey(slot, side), checkpoint);
        await this.#put(rowsKey(slot, side), new Uint8Array(rows.buffer));
      }
      await this.#put(linkKey, new TextEncoder().encode(slot + saved.link));
    });
  }

  /** Forgets what is kept. */
  forget(): Promise<void> {
    this.own = false;
    return this.#next(async () => {
      await this.#put(linkKey);
      for (const slot of slots) {
        for (const side of sides) for (const key of [checkpointKey(slot, side), rowsKey(slot, side)]) await this.#put(key);
      }
    });
  }

  /** Returns what an earlier tab kept, null if that is nothing. */
  async recall(): Promise<SavedRuns | null> {
    const pointer = await this.#pointer();
    if (!pointer) return null;
    const [a, b] = [await this.#recallRun(pointer.slot, 'a'), await this.#recallRun(pointer.slot, 'b')];
    return a && b && { link: pointer.link, runs: { a, b } };
  }

  /** Returns the link of the run that is kept, and its slot. */
  async #pointer(): Promise<{ slot: Slot; link: string } | null> {
    const bytes = await this.#get(linkKey);
    const text = bytes ? new TextDecoder().decode(bytes) : '';
    const slot = slots.find((s) => text.startsWith(s));
    return slot ? { slot, link: text.slice(1) } : null;
  }

  async #recallRun(slot: Slot, side: Side): Promise<SavedRun | null> {
    const [checkpoint, rows] = [await this.#get(checkpointKey(slot, side)), await this.#get(rowsKey(slot, side))];
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
