// The best true score that any policy can reach at each KL, asked for piece by piece.

import type { Client } from '../engine/client';
import type { Engine } from '../engine/engine';
import type { Experiment, Frontier } from '../engine/protocol.gen';
import { sentence } from './data.svelte';

/** How long to wait before looking again whether runs play, in milliseconds. */
const patience = 250;

/** Returns what a frontier depends on: other settings leave it as it is. */
export function frontierKey(e: Experiment): string {
  return JSON.stringify([e.world, e.stakes, e.model]);
}

/** Ceiling keeps the frontier that was asked for last. */
export class Ceiling {
  frontier = $state.raw<Frontier | null>(null);
  /** How far it is, 0 to 1. */
  done = $state(0);
  failure = $state('');
  #asked = 0;
  #surveyor: Promise<Client> | null = null;

  /**
   * Asks a worker of the full program for an experiment's frontier, and keeps it for other stakes, which need no new survey. Between the
   * short pieces, and while busy, its core is left to others.
   */
  async survey(engine: Engine, experiment: Experiment, busy: () => boolean): Promise<void> {
    const asked = ++this.#asked;
    this.frontier = null;
    this.done = 0;
    this.failure = '';
    try {
      const [surveyor, attachments] = await Promise.all([(this.#surveyor ??= engine.full()), engine.materials(experiment)]);
      while (asked === this.#asked && !this.frontier) {
        if (busy()) await pause(patience);
        else {
          const { message } = await surveyor.ask('frontier', { experiment }, { attachments });
          if (asked !== this.#asked) return;
          this.done = message.done;
          this.frontier = message.frontier;
          await pause(0);
        }
      }
    } catch (error) {
      if (asked !== this.#asked) return;
      this.failure = sentence(error);
      this.stop(); // so that another try is possible
    }
  }

  /** Asks no further, and ends the worker. */
  stop(): void {
    this.#asked++;
    void this.#surveyor?.then((surveyor) => surveyor.close()).catch(() => {});
    this.#surveyor = null;
  }
}

/** Returns the best true score at a KL as mmpo's Frontier.Ceiling does: on the chord between points, NaN where the frontier does not reach. */
export function ceilingAt(f: Frontier, kl: number): number {
  let before = f.reference;
  for (const p of f.points) {
    if (kl >= before.kl && kl <= p.kl) {
      return before.score + (p.kl > before.kl ? (kl - before.kl) / (p.kl - before.kl) : 0) * (p.score - before.score);
    }
    before = p;
  }
  return NaN;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
