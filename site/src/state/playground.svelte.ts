// What a visitor can do: play, pause, step, reset, change a setting, share. It ties the nouns together and holds no numbers itself.

import { catalog } from '../engine/catalog.gen';
import type { Attachments, Client } from '../engine/client';
import { Engine, isImported, type Host, type Look, type Materials } from '../engine/engine';
import type { Claim, Comparison, Paired, Progress, Request } from '../engine/protocol.gen';
import { fetchRecorded } from '../engine/recorded';
import { count } from '../lib/format';
import { changes, findParam, findWorld, sides, type Side, type Value } from '../lib/params';
import { debounce, pulse } from '../lib/pulse';
import { verdict } from '../lib/sentences';
import { Autosave, type SavedRun, type SavedRuns } from './autosave.svelte';
import { ComparisonState } from './comparison.svelte';
import { Data, sentence, wasCanceled } from './data.svelte';
import { Links } from './links.svelte';
import { Pairs } from './pairs.svelte';
import { Run } from './run.svelte';
import { View } from './view.svelte';

/** The speeds at which a run can be watched, in steps a second; 0 is as fast as the machine can. */
export const speeds = [1, 10, 0] as const;

/** How long settings must rest before pairs are made of them, in milliseconds. */
const rest = 250;

/** How often a run under way is kept, in milliseconds. */
const keepEvery = 10_000;

/** What the main button does next. */
export type Main = 'play' | 'pause' | 'again' | 'apply' | 'wait';

/** How often the data worker is started again: one that dies at every start is left alone. */
const mostRestarts = 3;

/** Playground is the page's state and what can be done with it. */
export class Playground {
  readonly comparison = new ComparisonState();
  readonly view = new View();
  // One beat for both, so that what shows both is drawn once.
  readonly #changed = pulse(() => {
    for (const side of sides) this.runs[side].refresh();
    if (this.#ended && this.#autosave.own) void this.#autosave.forget();
  });
  readonly runs: { [side in Side]: Run } = { a: new Run(this.#changed), b: new Run(this.#changed) };
  readonly pairs = new Pairs();
  readonly data: Data;
  readonly links: Links;
  readonly #autosave: Autosave;

  /** The pairs of the runs; the settings may have moved on to others. */
  trained = $state.raw<Pick<Paired, 'summary' | 'pairs'> | null>(null);
  engine = $state.raw<Engine | null>(null);
  /** Why there is no engine, in a sentence. */
  engineFailure = $state('');
  /** What is being prepared before a run can start. */
  preparing = $state.raw<Pick<Progress, 'done' | 'label'> | null>(null);
  speed = $state<number>(0);

  #lookers: { [side in Side]?: Promise<Client> } = {};
  #engine: Promise<Engine>;
  #busy = $state(false);
  /** Whether the runs were told to go on; what they say themselves comes a little later. */
  #restarts = 0; // of the data worker
  #going = $state(false);
  #opening: Promise<boolean> | null = null;
  #booted: Promise<Engine> | null = null;
  #remake = debounce(() => void this.#refreshPairs(), rest);

  readonly running = $derived(this.runs.a.running || this.runs.b.running);
  readonly over = $derived(this.runs.a.over && this.runs.b.over);
  readonly recorded = $derived(this.runs.a.recorded);
  readonly open = $derived(this.comparison.opened !== null);
  /** The data set that the settings ask for and this browser does not have. */
  readonly missing = $derived.by(() => {
    const world = this.comparison.current.a.world;
    return isImported(world) && this.data.listed && !this.data.datasets.some((d) => d.id === world) ? world : '';
  });
  readonly main = $derived.by<Main>(() => {
    if (this.#busy) return 'wait';
    if (this.open && this.comparison.stale && this.#started) return 'apply';
    if (this.open && this.over) return 'again';
    return this.#going ? 'pause' : 'play';
  });
  readonly step = $derived.by(() => {
    const steps = sides.map((s) => this.runs[s]).map((r) => (r.phase === 'diverged' || r.crashed ? Infinity : (r.state?.step ?? 0)));
    const least = Math.min(...steps);
    return Number.isFinite(least) ? least : Math.max(this.runs.a.state?.step ?? 0, this.runs.b.state?.step ?? 0);
  });
  readonly steps = $derived(this.runs.a.state?.steps ?? this.comparison.current.a.train.steps);
  /** The steps that both runs can go back to, ascending. */
  readonly stored = $derived.by(() => {
    const [a, b] = sides.map((s) => (this.runs[s].crashed ? [] : (this.runs[s].state?.stored ?? [])));
    return a!.filter((step) => b!.includes(step));
  });
  /** What can be claimed of the runs; null where they have not ended or a link would not repeat them. */
  readonly claim = $derived.by<Claim | null>(() => {
    const { a, b } = { a: this.runs.a.state, b: this.runs.b.state };
    if (!this.open || this.comparison.stale || a?.altered || b?.altered || !a?.fingerprint || !b?.fingerprint) return null;
    return { engine: catalog.engine, a: a.fingerprint, b: b.fingerprint };
  });
  /** Whether the finished runs are those that their link claims; null where it claims nothing, or they are of other settings. */
  readonly verdict = $derived.by(() => {
    const { claimed } = this.links;
    const { began } = this.comparison;
    if (!claimed || !began || changes(claimed.comparison, began).ids.length > 0) return null;
    const [a, b] = sides.map((side) => {
      const { fingerprint = '', altered } = this.runs[side].state ?? {};
      return { fingerprint, claimed: claimed.claim[side], altered: altered !== undefined };
    });
    return a!.fingerprint && b!.fingerprint ? verdict(a!, b!, claimed.claim.engine, catalog.engine) : null;
  });
  readonly stepsPerSecond = $derived(
    this.running ? slowest(sides.map((side) => this.runs[side].state?.stepsPerSecond ?? 0)) : 0,
  );

  /** host gives workers and files. */
  constructor(host: Host) {
    this.#engine = Engine.start(host, catalog.references);
    const data = async () => (await this.#engine).data;
    this.data = new Data(() => this.#engine, this.view);
    this.links = new Links(data, this.comparison, this.view);
    this.#autosave = new Autosave(data);
  }

  /** Whether no step is left to take on either side. A side that died has not ended. */
  get #ended(): boolean {
    return this.open && sides.every((side) => this.runs[side].over && !this.runs[side].crashed);
  }

  get #started(): boolean {
    return this.step > 0 || this.over;
  }

  /** Fills the page: the recorded run first, then what the engine makes of the link and the settings. */
  async start(): Promise<void> {
    const booted = (this.#booted = this.#boot());
    const recorded = this.links.pending ? null : this.#showRecorded();
    try {
      await Promise.all([booted, recorded]);
      await this.#refreshPairs();
      await this.#offer();
      this.#keepFromNowOn();
    } catch (error) {
      this.engineFailure = `The engine could not be started: ${sentence(error)}`;
      this.view.notify(this.engineFailure);
    }
  }

  /** Waits for the engine, then for what decides the settings: the link, and the data sets that are here. */
  async #boot(): Promise<Engine> {
    const engine = await this.#engine;
    engine.data.listener = { crashed: (reason) => this.#dataCrashed(engine, reason) };
    await Promise.all([this.data.refresh(), this.links.start(() => this.#settingsMoved())]);
    return (this.engine = engine);
  }

  /** Returns the engine once it is there. */
  ready(): Promise<Engine> {
    return this.#engine;
  }

  /** Turns to the settings of a link, such as that of a run in the lab, and shows them. */
  async visit(link: string): Promise<void> {
    if (!(await this.links.load(link))) return;
    this.#settingsMoved();
    document.getElementById('top')?.scrollIntoView();
  }

  /** Does what the main button says. */
  async toggle(): Promise<void> {
    if (this.main === 'pause') return this.pause();
    if (this.main !== 'wait') await this.play();
  }

  /** Lets both runs go on; opens them first where they are not open, have ended, or follow other settings. */
  async play(): Promise<void> {
    if (!this.open || this.comparison.stale || this.over) {
      if (!(await this.#openRuns())) return;
    }
    this.#going = true;
    for (const client of this.#clients()) client.command('play', { stepRate: this.speed });
  }

  /** Holds both runs. */
  pause(): void {
    this.#going = false;
    for (const client of this.#clients()) client.command('pause');
    void this.#keep();
  }

  /** Takes one step on both sides. */
  async takeStep(): Promise<void> {
    await this.#opening; // a key that was pressed too soon is not lost
    if (!this.open || this.comparison.stale || this.over) {
      if (!(await this.#openRuns())) return;
    } else if (this.#going) this.pause();
    for (const client of this.#clients()) client.command('step');
  }

  /** Goes back to step 0: the same seed, the same weights. */
  async reset(): Promise<void> {
    if (!this.#busy) await this.#openRuns();
  }

  /** Goes back to a stored step on both sides. Playing goes on from there, with the settings as they are now. */
  seek(to: number): void {
    this.#going = false;
    for (const side of sides) {
      this.runs[side].goTo(to);
      this.engine?.[side].command('seek', { to });
      if (this.#altered(side)) this.#alter(side);
    }
  }

  /** Draws another seed. */
  dice(): void {
    this.set('seed', crypto.getRandomValues(new Uint16Array(1))[0]!);
  }

  /** Changes how fast runs go, at once. */
  setSpeed(stepRate: number): void {
    this.speed = stepRate;
    if (this.#going) for (const client of this.#clients()) client.command('play', { stepRate });
  }

  /** Changes a setting of both sides, or of one. What can act during a run does; all else waits for the main button. */
  set(id: string, value: Value, only?: Side): void {
    if (!this.comparison.set(id, value, only)) return;
    const param = findParam(id);
    const under = this.open && this.#started && !this.over;
    if (param.live && under) {
      this.comparison.took(id, value, only);
      for (const side of only ? [only] : sides) this.#alter(side);
    }
    this.#settingsMoved();
  }

  /** Turns to a world: a toy world comes with the comparison that shows its point, a data set takes the settings as they are. */
  async turnTo(world: string): Promise<void> {
    const link = findWorld(world)?.link;
    if (!link) this.set('world', world);
    else if (await this.links.load(link)) this.#settingsMoved();
  }

  /** Imports a file and turns to it. */
  async import(file: File): Promise<void> {
    const dataset = await this.data.import(file);
    if (dataset) this.set('world', dataset.id);
  }

  /** Starts a side's program again after it died, and both runs from step 0. */
  async revive(side: Side): Promise<void> {
    this.engine?.[side].restart();
    await this.reset();
  }

  /** Tells a side's run the settings that act live. */
  #alter(side: Side): void {
    const e = this.comparison.opened![side];
    this.engine?.[side].command('set', { changes: e.objective, lr: e.train.lr });
  }

  /** Tells whether a side's settings are other ones than its run began with. */
  #altered(side: Side): boolean {
    const { opened, began } = this.comparison;
    if (!opened || !began) return false;
    return changes({ a: opened[side], b: opened[side] }, { a: began[side], b: began[side] }).ids.length > 0;
  }

  #clients(): Client[] {
    return this.engine ? sides.map((s) => this.engine![s]) : [];
  }

  /** Opens both runs: anew, or where they were kept. */
  #openRuns(saved?: SavedRuns): Promise<boolean> {
    this.#busy = true;
    this.#going = false;
    return (this.#opening = this.#prepareAndOpen(saved));
  }

  async #prepareAndOpen(saved?: SavedRuns): Promise<boolean> {
    try {
      this.preparing = this.engine ? null : { done: 0, label: 'Loading the engine' };
      const engine = await this.#booted;
      if (!engine) throw new Error('The engine has not been started.');
      if (this.missing) throw new Error(this.missingSentence);
      const comparison = this.comparison.current;
      const materials = { a: await this.#prepare(engine, comparison, 'a'), b: await this.#prepare(engine, comparison, 'b') };
      await this.pairs.refresh(engine, comparison, true);
      if (!saved && this.#autosave.own) void this.#autosave.forget();
      await Promise.all(
        sides.map((side) => {
          const { checkpoint, rows } = saved?.runs[side] ?? {};
          return this.#openRun(engine, comparison, side, { ...materials[side], checkpoint }, rows);
        }),
      );
      this.trained = this.pairs.paired;
      this.comparison.opened = comparison;
      this.comparison.began = { ...comparison }; // a new one each time: it stands for this very run
      return true;
    } catch (error) {
      if (!wasCanceled(error)) this.view.notify(sentence(error));
      return false;
    } finally {
      this.#busy = false;
      this.preparing = null;
    }
  }

  async #prepare(engine: Engine, comparison: Comparison, side: Side): Promise<Materials> {
    const what = isImported(comparison[side].world) ? 'First the model reads these texts' : 'A new model size: fitting its reference first';
    return engine.materials(comparison[side], ({ done, label }) => (this.preparing = { done, label: `${what}: ${label}` }));
  }

  async #openRun(engine: Engine, comparison: Comparison, side: Side, attachments: Attachments, before?: Float32Array): Promise<void> {
    const client = engine[side];
    if (client.dead) client.restart();
    this.runs[side].follow(client, before);
    const progress = ({ done, label }: Progress) => (this.preparing = { done, label });
    await client.ask('open', { experiment: comparison[side] }, { attachments, progress });
  }

  /** Says which data set a link asks for. */
  get missingSentence(): string {
    const id = this.missing.slice('data:'.length);
    return `These settings use the data set ${id}, which is not on this device. Import the file that it was made from.`;
  }

  /** Ends what is being prepared. */
  cancel(): void {
    for (const client of [this.engine?.data, ...this.#clients()]) client?.command('stop');
  }

  /** Keeps what is under way now and then, and when the tab may be about to end. */
  #keepFromNowOn(): void {
    setInterval(() => this.running && void this.#keep(), keepEvery);
    document.addEventListener('visibilitychange', () => document.hidden && void this.#keep());
    addEventListener('pagehide', () => void this.#keep());
  }

  /** Keeps both runs, if they are under way. */
  #keep(): Promise<void> {
    return this.#autosave.keep(async () => {
      const { began, opened } = this.comparison;
      if (!this.engine || !opened || !this.#started || this.#ended) return null;
      const [link, a, b] = await Promise.all([this.links.link(opened), this.#save(this.engine, 'a'), this.#save(this.engine, 'b')]);
      return began === this.comparison.began && !this.#ended ? { link, runs: { a, b } } : null;
    });
  }

  /**
   * Asks about a side's run, by a copy of it as it is now, in a worker of the full program. The worker is kept for the next question
   * until lookAway.
   */
  async look<T extends Look>(side: Side, type: T, fields: Pick<Request, 'pair'> = {}, attachments: Attachments = {}) {
    const engine = await this.#engine;
    const { began } = this.comparison;
    if (!began) throw new Error('There is no run to look into yet.');
    const looker = (this.#lookers[side] ??= engine.full());
    looker.catch(() => (this.#lookers[side] = undefined));
    return engine.look(await looker, side, began[side], type, fields, attachments);
  }

  /** Gives up the copies that look was asked about. */
  lookAway(): void {
    for (const side of sides) void this.#lookers[side]?.then((client) => client.close());
    this.#lookers = {};
  }

  /** Makes a file's weights a side's policy, and returns their fingerprint. The run is held, and no longer its link's. */
  async loadWeights(side: Side, weights: Uint8Array): Promise<string> {
    if (!this.open) await this.reset();
    this.pause();
    const { message, attachments } = await this.look(side, 'loadWeights', {}, { weights });
    await this.engine![side].ask('adopt', {}, { attachments: { checkpoint: attachments.checkpoint } });
    return message.fingerprint;
  }

  async #save(engine: Engine, side: Side): Promise<SavedRun> {
    const { message, attachments } = await engine[side].ask('save');
    return { checkpoint: attachments.checkpoint!, rows: await this.runs[side].rows(message.step) };
  }

  /** Offers to go on with a run that an earlier tab left. */
  async #offer(): Promise<void> {
    try {
      const saved = await this.#autosave.recall();
      if (!saved) return;
      const { comparison } = await this.links.read(saved.link);
      const step = Math.min(...sides.map((side) => lastStep(saved.runs[side].rows)));
      const dismiss = this.view.notify(
        `Your run stopped at step ${count(step)} of ${count(comparison.a.train.steps)}.`,
        { label: 'Resume', testid: 'resume', act: () => void (dismiss(), this.#resume(saved, comparison)) },
        { label: 'Forget', testid: 'forget', act: () => void (dismiss(), this.#autosave.forget()) },
      );
    } catch {
      await this.#autosave.forget(); // what cannot be read cannot be offered
    }
  }

  async #resume(saved: SavedRuns, comparison: Comparison): Promise<void> {
    this.comparison.current = comparison;
    this.#settingsMoved();
    if (await this.#openRuns(saved)) this.#autosave.own = true;
  }

  #settingsMoved(): void {
    this.links.write();
    this.#remake();
  }

  async #refreshPairs(): Promise<void> {
    if (!this.engine || this.missing) return;
    await this.pairs.refresh(this.engine, this.comparison.current);
    void this.#warmUp(this.engine).catch(() => {}); // whoever opens the run is told
  }

  /** Lets the workers make the runs before anyone presses Play, so that Play starts at once. */
  async #warmUp(engine: Engine): Promise<void> {
    const comparison = this.comparison.current;
    if (this.open || this.#busy || sides.some((side) => !engine.ready(comparison[side]))) return;
    await Promise.all(
      sides.map(async (side) => {
        const experiment = comparison[side], attachments = await engine.materials(experiment);
        await engine[side].ask('prepare', { experiment }, { attachments });
      }),
    );
  }

  #dataCrashed(engine: Engine, reason: string): void {
    if (++this.#restarts > mostRestarts) {
      this.view.notify(`The program that keeps your data stops again and again. Nothing stored is lost; reload the page to try once more. (${reason})`);
      return;
    }
    engine.data.restart();
    this.view.notify(`The program that keeps your data stopped and was started again; nothing stored is lost. (${reason})`);
  }

  async #showRecorded(): Promise<void> {
    const recorded = await fetchRecorded();
    if (!recorded || this.open || this.#busy) return;
    this.pairs.show(recorded.paired, catalog.comparison.a);
    this.trained = this.pairs.paired;
    for (const side of sides) this.runs[side].show(recorded[side]);
  }
}

/** The step of the last of a table's rows, 0 if there are none. */
function lastStep(rows: Float32Array): number {
  return rows.at(-1 - catalog.metrics.length) ?? 0;
}

/** The least of the rates that are not 0: of the side that the other would wait for. */
function slowest(rates: number[]): number {
  const moving = rates.filter((rate) => rate > 0);
  return moving.length > 0 ? Math.min(...moving) : 0;
}
