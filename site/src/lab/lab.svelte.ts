// The lab: a sweep, the workers that run it, and what its runs say. What a sweep means is the engine's to say; here is who does what when.

import { catalog } from '../engine/catalog.gen';
import type { Client } from '../engine/client';
import type { Engine } from '../engine/engine';
import type { Experiment, Frontier, Judged, Trial, Standing, Sweep } from '../engine/protocol.gen';
import { sentence, wasCanceled } from '../state/data.svelte';
import { labPrefix } from '../state/links.svelte';
import { persist } from '../lib/persist';

/** What the runs of a sweep say by one readout. */
export type Judgement = Pick<Judged, 'summary' | 'verdicts' | 'reference'>;

/** What the page ships of a sweep that `margins sweep` has run. */
export interface RecordedSweep {
  engine: string;
  date: string;
  link: string;
  sweep: Sweep;
  /** What its runs say, by readout. */
  judged: { [readout: string]: Judgement };
  trials: Trial[];
  /** The best there is in the sweep's world. */
  ceiling: Frontier | null;
}

/** A sweep as somebody asked for it: in full or by a link, and on how many seeds its objectives are tuned first. */
export type Asked = { sweep: Sweep; tune?: number } | { link: string; tune?: number };

/** A sweep that was begun in this browser, and how far it came. */
export interface Remembered {
  asked: Asked;
  done: number;
  runs: number;
}

/** Whose numbers are shown, and what is being done about others. */
export type Phase = 'recorded' | 'planned' | 'running' | 'pausing';

/** The most workers: what a class's machines have, and no more memory than a heavy page takes. */
const mostWorkers = 8;

/** How often the figure is drawn anew while results come in, in milliseconds. */
const redraw = 400;

/** How long a worker waits for the others to end the tuning, in milliseconds. */
const patience = 300;

const remembered = 'margins.lab';

/** Lab is one sweep at a time. */
export class Lab {
  phase = $state<Phase>('recorded');
  recorded = $state.raw<RecordedSweep | null>(null);
  /** The sweep that is shown. */
  sweep = $state.raw<Sweep | null>(null);
  link = $state('');
  standing = $state.raw<Standing | null>(null);
  judged = $state.raw<Judgement | null>(null);
  /** The runs themselves, when somebody looks at them. */
  trials = $state.raw<Trial[]>([]);
  readout = $state('true_score');
  /** Seconds until all is done; null while nobody can tell. */
  left = $state<number | null>(null);
  failure = $state('');
  lasting = $state(true);
  /** How many runs of a sweep that has ended are recorded, too, and how many of them came to the same bits; null where none is. */
  agreement = $state.raw<{ same: number; of: number } | null>(null);

  #asked: Asked | null = null;
  #keeper: Promise<Client> | null = null;
  #pool: Client[] = [];
  #going = false;
  #drawn = 0;
  #workers = 1;

  constructor(private readonly engine: () => Promise<Engine>) {}

  /** Shows the recorded sweep; null where there is none. */
  show(recorded: RecordedSweep | null): void {
    this.recorded = recorded;
    if (!recorded || this.phase !== 'recorded') return;
    this.sweep = recorded.sweep;
    this.link = recorded.link;
    this.trials = recorded.trials;
    this.judged = recorded.judged[this.readout] ?? null;
  }

  /** The sweep that was begun in this browser and how far it came, if one was. */
  get remembered(): Remembered | null {
    try {
      const kept = JSON.parse(localStorage.getItem(remembered) ?? 'null') as Remembered | null;
      return kept?.asked ? kept : null;
    } catch {
      return null;
    }
  }

  /** Lays a sweep out and finds what of it this browser has done before. Tells whether it could. */
  async plan(asked: Asked): Promise<boolean> {
    this.failure = '';
    try {
      const { message } = await (await this.#client()).ask('plan', asked);
      this.#asked = asked;
      this.sweep = message.sweep;
      this.link = message.link;
      this.standing = message.standing;
      this.phase = 'planned';
      this.trials = [];
      this.agreement = null;
      await this.#judge();
      return true;
    } catch (error) {
      this.failure = sentence(error);
      return false;
    }
  }

  /**
   * Runs what is missing of a sweep, or of the one that is planned, on all cores. Results show as they come. It is laid out anew each
   * time, so that a run which a worker took and never brought back waits again, and a tuning that was broken off goes on.
   */
  async start(asked = this.#asked): Promise<void> {
    if (this.#going || !asked) return;
    this.#going = true;
    if (!(await this.plan(asked))) {
      this.#going = false;
      return;
    }
    this.phase = 'running';
    persist();
    const { runs, done } = this.standing ?? { runs: 0, done: 0 };
    this.#workers = Math.max(1, Math.min(mostWorkers, navigator.hardwareConcurrency || 2, runs - done));
    try {
      const engine = await this.engine();
      await Promise.all(Array.from({ length: this.#workers }, () => this.#work(engine)));
    } catch (error) {
      if (!wasCanceled(error)) this.failure = sentence(error);
    } finally {
      this.#end();
      await this.#judge();
      await this.#compare();
    }
  }

  /** Takes no further run; those under way come to their end. */
  pause(): void {
    if (!this.#going) return;
    this.#going = false;
    this.phase = 'pausing';
  }

  /** Gives up the runs under way. What has been done stays. */
  async cancel(): Promise<void> {
    this.#end();
    if (this.#asked) await this.plan(this.#asked); // what was given up waits again
  }

  /** Reads the runs by another readout. */
  async read(readout: string): Promise<void> {
    this.readout = readout;
    if (this.phase === 'recorded') this.judged = this.recorded?.judged[readout] ?? null;
    else await this.#judge();
  }

  /** Fetches the runs themselves. */
  async fetchTrials(): Promise<Trial[]> {
    if (this.phase !== 'recorded') this.trials = (await (await this.#client()).ask('show')).message.trials;
    return this.trials;
  }

  /** Returns the fragment of an address that opens this sweep and tells what its runs came to, without its #. */
  async address(): Promise<string> {
    if (this.phase === 'recorded') return labPrefix + this.link;
    return labPrefix + (await (await this.#client()).ask('share')).message.link;
  }

  /** Goes back to the recorded sweep. */
  leave(): void {
    this.#end();
    this.phase = 'recorded';
    this.standing = null;
    this.show(this.recorded);
  }

  /** One worker: takes runs until none is left. */
  async #work(engine: Engine): Promise<void> {
    const client = await engine.full();
    this.#pool.push(client);
    const keeper = await this.#client();
    let last: Experiment | undefined;
    while (this.#going) {
      const { experiment, later } = (await keeper.ask('take', { experiment: last })).message;
      if (!experiment) {
        if (!later) break;
        await new Promise((resolve) => setTimeout(resolve, patience));
        continue;
      }
      const attachments = await engine.materials(experiment);
      const done = await client.ask('complete', { experiment }, { attachments });
      const { message } = await keeper.ask('add', {}, { attachments: { data: done.attachments.data } });
      this.standing = message.standing;
      this.lasting = message.kept;
      if (message.sweep) [this.sweep, this.link] = [message.sweep, message.link ?? this.link];
      this.left = message.standing.known ? message.standing.left / this.#workers : null;
      this.#remember();
      if (performance.now() - this.#drawn > redraw) await this.#judge();
      last = experiment;
    }
    client.close();
  }

  #end(): void {
    this.#going = false;
    for (const client of this.#pool) client.close();
    this.#pool = [];
    this.left = null;
    if (this.phase !== 'recorded') this.phase = 'planned';
  }

  async #judge(): Promise<void> {
    this.#drawn = performance.now();
    if (this.phase === 'recorded') return;
    const { message } = await (await this.#client()).ask('judge', { readout: this.readout });
    this.judged = message;
  }

  /** Holds what has been run against the recorded runs of the same experiments. */
  async #compare(): Promise<void> {
    if (this.phase === 'recorded') return;
    const recorded = Object.fromEntries((this.recorded?.trials ?? []).map((t) => [t.key, t.fingerprint]));
    const both = (await this.fetchTrials()).filter((t) => t.key in recorded);
    const same = both.filter((t) => recorded[t.key] === t.fingerprint);
    this.agreement = both.length > 0 ? { same: same.length, of: both.length } : null;
  }

  /** The worker that keeps the sweep. */
  #client(): Promise<Client> {
    this.#keeper ??= this.engine().then((engine) => engine.full());
    this.#keeper.catch(() => (this.#keeper = null)); // so that another try is possible
    return this.#keeper;
  }

  #remember(): void {
    try {
      const { done, runs } = this.standing!;
      localStorage.setItem(remembered, JSON.stringify({ asked: this.#asked!, done, runs } satisfies Remembered));
    } catch {
      // Without storage the offer to go on is all that is lost.
    }
  }
}

/** Fetches the sweep that is shipped; null where it cannot be had, or was made by an engine whose runs would come to something else. */
export async function fetchRecordedSweep(): Promise<RecordedSweep | null> {
  try {
    const response = await fetch('recorded/sweep.json');
    const recorded = response.ok ? ((await response.json()) as RecordedSweep) : null;
    return recorded?.engine === catalog.engine ? recorded : null;
  } catch {
    return null;
  }
}
