// What one side of the comparison has measured so far.

import { catalog } from '../engine/catalog.gen';
import type { Client } from '../engine/client';
import { TagMargins, TagRows, type State } from '../engine/protocol.gen';
import type { Evaluation, Recording } from '../engine/recorded';
import { Table } from '../engine/table';

const metrics = catalog.metrics.map((m) => m.id);

/** Margins are the learned margins h of all pairs at a step: the training pairs, then the held-out ones. */
export interface Margins {
  step: number;
  train: number;
  h: Float32Array;
}

/** Run is what one worker's run has said. Its table changes in place, as often as messages come; version tells the page to look again. */
export class Run {
  table = new Table(metrics);
  /** Grows at most 15 times a second while anything changes. */
  version = $state(0);
  state = $state.raw<State | null>(null);
  margins = $state.raw<Margins | null>(null);
  /** What the reference wrote, and what was found at the last measurement. */
  before = $state.raw<Evaluation | null>(null);
  now = $state.raw<(Evaluation & { step: number }) | null>(null);
  /** Whether it was recorded, and not made by this tab. */
  recorded = $state(false);
  /** Why it cannot go on, in a sentence; "" if it can. */
  failure = $state('');
  /** Whether its worker died. */
  crashed = $state(false);

  readonly phase = $derived(this.state?.phase ?? null);
  readonly running = $derived(this.phase === 'running' && !this.crashed);
  /** Whether it has ended, well or not. */
  readonly over = $derived(this.phase === 'done' || this.phase === 'diverged' || this.crashed);

  #state: State | null = null;
  #margins: Margins | null = null;

  /** changed is called when there is something new; refresh() then shows it, when it is time. */
  constructor(private readonly changed: () => void) {}

  /** Follows the run that is opened next in a worker. One that goes on from a checkpoint has rows from before. */
  follow(client: Client, before?: Float32Array): void {
    this.clear();
    client.listener = {
      state: (state) => {
        this.#state = state;
        this.table.goTo(state.step);
        this.changed();
      },
      samples: (evaluation) => {
        if (evaluation.step === 0) this.before = evaluation;
        this.now = evaluation;
      },
      floats: (tag, floats) => {
        if (tag === TagRows) {
          this.table.add(floats);
          if (before) this.table.add(before);
          before = undefined;
        } else if (tag === TagMargins) this.#margins = readMargins(floats);
        this.changed();
      },
      failed: (failed) => (this.failure = failed.message),
      crashed: (reason) => {
        this.crashed = true;
        this.failure = `The program of this side has stopped: ${reason}`;
      },
    };
  }

  /** Returns its rows up to a step, once the worker has sent them: it does so by the next frame. */
  async rows(step: number): Promise<Float32Array> {
    const table = this.table;
    for (let wait = 0; table.now < step && wait < 20; wait++) await new Promise((done) => setTimeout(done, 25));
    return table.rows(step);
  }

  /** Shows a run that was made before. */
  show(recording: Recording): void {
    this.clear();
    for (const row of recording.rows) this.table.add(row);
    this.#margins = readMargins(Float32Array.from(recording.margins));
    this.before = recording.before;
    this.now = { step: recording.state.step, ...recording.after };
    this.#state = { id: 0, type: 'state', stepsPerSecond: 0, stored: [], ...recording.state };
    this.recorded = true;
    this.refresh();
  }

  /** Forgets everything, before another run. */
  clear(): void {
    this.table = new Table(metrics);
    this.#state = this.#margins = null;
    this.before = this.now = null;
    this.recorded = this.crashed = false;
    this.failure = '';
    this.refresh();
  }

  /** Shows a stored step at once; what its worker says of it comes a little later. */
  goTo(step: number): void {
    if (!this.#state) return;
    this.#state = { ...this.#state, step, phase: step === 0 ? 'ready' : 'paused', fingerprint: undefined, message: undefined };
    this.table.goTo(step);
    this.refresh();
  }

  /** Shows what has come. */
  refresh(): void {
    this.state = this.#state;
    this.margins = this.#margins;
    this.version++;
  }
}

/** Reads floats of TagMargins: step, T, H, then T + H learned margins. */
export function readMargins(floats: Float32Array): Margins | null {
  const [step, train, heldOut] = floats;
  if (step === undefined || train === undefined || heldOut === undefined || floats.length !== 3 + train + heldOut) return null;
  return { step, train, h: floats.subarray(3) };
}
