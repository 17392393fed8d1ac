// Reward models of the present pairs, and the policies read as such.

import type { Client } from '../engine/client';
import type { Engine, Materials } from '../engine/engine';
import type { Comparison, Progress, Reading, RewardStudy } from '../engine/protocol.gen';
import { sides, type Side } from '../lib/params';
import { rewardExperiment } from '../lib/rewards';
import { sentence } from './data.svelte';

/** Rewards asks a worker of its own, which lives as long as the work, and keeps the answers. */
export class Rewards {
  models = $state.raw<RewardStudy[] | null>(null);
  /** What the models were trained for. */
  key = $state('');
  policies = $state.raw<{ [side in Side]?: Reading }>({});
  /** The runs that the policies are of. */
  readRuns = $state.raw<Comparison | null>(null);
  progress = $state.raw<Pick<Progress, 'done' | 'label'> | null>(null);
  failure = $state('');
  #client: Client | null = null;
  #turn: object | null = null; // the work under way: what was canceled has no say any more

  /** Trains the models of a comparison's pairs, unless they are there, and reads its finished runs; began is null while there are none. */
  async study(engine: Engine, comparison: Comparison, began: Comparison | null): Promise<void> {
    const turn = (this.#turn = {});
    this.failure = '';
    this.progress = { done: 0, label: 'Loading' };
    const client = await engine.full().catch((error: unknown) => this.#fail(turn, error));
    if (!client) return;
    if (turn !== this.#turn) return client.close();
    this.#client = client;
    try {
      if (this.key !== rewardKey(comparison)) await this.#train(client, comparison, await engine.materials(comparison.b));
      if (began) await this.#read(engine, client, began);
      if (turn === this.#turn) this.close();
    } catch (error) {
      this.#fail(turn, error);
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#client?.close();
    this.#turn = this.#client = this.progress = null;
  }

  #fail(turn: object, error: unknown): void {
    if (turn !== this.#turn) return;
    this.close();
    this.failure = sentence(error);
  }

  async #train(client: Client, comparison: Comparison, attachments: Materials): Promise<void> {
    const experiment = rewardExperiment(comparison);
    const { message } = await client.ask('reward', { experiment }, { attachments, progress: (p) => (this.progress = p) });
    this.models = message.models;
    this.key = rewardKey(comparison);
  }

  async #read(engine: Engine, client: Client, began: Comparison): Promise<void> {
    const policies: { [side in Side]?: Reading } = {};
    for (const side of sides) {
      this.progress = { done: 1, label: `Reading ${side.toUpperCase()}’s policy` };
      const { message } = await engine.look(client, side, began[side], 'readRun');
      policies[side] = message.reading;
    }
    this.policies = policies;
    this.readRuns = began;
  }
}

/** What decides the reward models of a comparison. */
export function rewardKey(comparison: Comparison): string {
  return JSON.stringify(rewardExperiment(comparison));
}
