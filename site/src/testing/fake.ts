// An engine for tests of the page: it speaks the protocol and makes its numbers up, the same ones every time.

import { catalog } from '../engine/catalog.gen';
import type { Attachments, Port, Post } from '../engine/client';
import type { Host } from '../engine/engine';
import {
  TagMargins,
  TagRows,
  type EmbeddingMap,
  type Experiment,
  type Info,
  type Inspection,
  type Message,
  type PairView,
  type Reading,
  type Record,
  type Request,
  type RewardStudy,
  type State,
  type TokenView,
} from '../engine/protocol.gen';

/** A small linear congruential generator (Numerical Recipes' constants): tests need no better one. */
function numbers(seed: number): () => number {
  let x = seed >>> 0;
  return () => (x = (Math.imul(x, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

const genres = ['western', 'horror', 'space', 'romance', 'heist'];
const heroes = ['farmer', 'nurse', 'pilot', 'thief', 'teacher'];
const goals = ['gold', 'revenge', 'love', 'home', 'truth'];

function pitch(random: () => number): string {
  const pick = <T>(list: T[]) => list[Math.floor(random() * list.length)]!;
  const end = pick(['and wins gold', 'and wins love', 'as everything explodes', 'but it was a dream']);
  const [villain, other] = [pick(['ghost', 'robot', 'rival']), pick(['ghost', 'robot', 'rival'])];
  const begin = `In the ${pick(['canyon', 'crypt', 'garden', 'bank'])}, a ${pick(['brave ', 'weary ', ''])}${pick(heroes)}`;
  return `${begin} seeks ${pick(goals)}. But a ${villain} lies. So the ${pick(heroes)} tricks the ${other} ${end}.`;
}

/** Makes the pairs of an experiment. */
export function fakePairs(e: Experiment, heldOut = 40): PairView[] {
  const random = numbers(e.seed + 7);
  const level = (x: number) => {
    const k = e.grader.levels;
    return k === 0 ? x : 1 + (9 * (Math.min(k - 1, Math.floor((k * (x - 1)) / 9)) + 0.5)) / k;
  };
  return Array.from({ length: e.pairs + heldOut }, (_, i) => {
    const [x, y] = [1 + 9 * random(), 1 + 5 * random()].sort((p, q) => q - p) as [number, number];
    const [scoreChosen, scoreRejected] = [level(x), level(y)];
    return {
      prompt: `${genres[i % 5]} | ${heroes[i % 4]} wants ${goals[i % 3]}`,
      chosen: pitch(random),
      rejected: pitch(random),
      scoreChosen,
      scoreRejected,
      trueChosen: x,
      trueRejected: y,
      margin: scoreChosen - scoreRejected,
      heldOut: i >= e.pairs,
    };
  });
}

/** What the fake workers keep, as in one browser. */
export interface FakeStore {
  datasets: Map<string, { info: Info; records: Record[]; trashed: boolean }>;
  blobs: Map<string, Uint8Array>;
}

/** FakePort is one worker of the fake engine. It answers in later turns of the event loop, as a worker does. */
export class FakePort implements Port {
  onmessage: Port['onmessage'] = null;
  onerror: Port['onerror'] = null;
  /** What was asked of it. */
  readonly heard: Request[] = [];
  #surveyed = 0;
  #run: { id: number; e: Experiment; pairs: PairView[]; step: number; playing: boolean; altered: number; stored: number[] } | null = null;
  #gone = false;

  constructor(private readonly store: FakeStore) {}

  postMessage(message: unknown): void {
    const { request, attachments } = message as { request: Request; attachments?: Attachments };
    this.heard.push(request);
    setTimeout(() => void this.#answer(request, attachments ?? {}), 0);
  }

  terminate(): void {
    this.#gone = true;
  }

  /** Dies as a program does that panics. */
  crash(reason: string): void {
    this.#say({ crash: reason });
  }

  /** Says something unasked. */
  say(post: Post): void {
    this.#say(post);
  }

  #say(post: Post): void {
    if (!this.#gone) this.onmessage?.({ data: post } as MessageEvent<Post>);
  }

  #message(message: Message, attachments?: Attachments): void {
    this.#say({ message, attachments });
  }

  async #answer(r: Request, attachments: Attachments): Promise<void> {
    const id = r.id;
    switch (r.type) {
      case 'list':
        return this.#list(id);
      case 'import':
        return this.#import(r, attachments.file!);
      case 'delete':
      case 'restore':
        this.store.datasets.get(r.dataset!)!.trashed = r.type === 'delete';
        return this.#list(id);
      case 'preview': {
        const { records } = this.store.datasets.get(r.dataset!)!;
        const offset = r.offset ?? 0;
        return this.#message({
          id,
          type: 'previewed',
          offset,
          total: records.length,
          records: records.slice(offset, offset + (r.limit ?? 10)),
        });
      }
      case 'load':
        return this.#message({ id, type: 'loaded', dataset: this.store.datasets.get(r.experiment!.world)!.info }, { data: new Uint8Array(1) });
      case 'fit':
        this.#message({ id, type: 'progress', done: 0.5, label: 'step 1 of 2, loss 2.00 nats a token' });
        return this.#message({ id, type: 'fitted', fingerprint: 'f'.repeat(64), loss: 2, kept: true }, { reference: new Uint8Array(1) });
      case 'readLink': {
        const params = new URLSearchParams(r.link);
        if (params.get('world') === 'nowhere')
          return this.#message({ id, type: 'failed', code: 'bad-link', message: 'world: there is no "nowhere".' });
        const c = structuredClone(catalog.comparison);
        for (const e of [c.a, c.b]) {
          e.seed = Number(params.get('seed') ?? e.seed);
          e.world = params.get('world') ?? e.world;
          e.pairs = Number(params.get('pairs') ?? e.pairs);
          e.train.steps = Number(params.get('steps') ?? e.train.steps);
        }
        const claim = { engine: params.get('engine') ?? '', a: params.get('a.fingerprint') ?? '', b: params.get('b.fingerprint') ?? '' };
        const notices = params.has('odd') ? ['"odd" is not a setting'] : [];
        return this.#message({ id, type: 'linkRead', comparison: c, notices, claim });
      }
      case 'writeLink': {
        const { seed, pairs, train } = r.comparison!.a;
        const claim = r.claim ? `&engine=${r.claim.engine}&a.fingerprint=${r.claim.a}&b.fingerprint=${r.claim.b}` : '';
        return this.#message({ id, type: 'linkWritten', link: `v=1&pairs=${pairs}&steps=${train.steps}&seed=${seed}${claim}` });
      }
      case 'keep':
        if (attachments.checkpoint) this.store.blobs.set(r.key!, attachments.checkpoint);
        else this.store.blobs.delete(r.key!);
        return this.#message({ id, type: 'kept', lasting: true });
      case 'recall':
        return this.#message({ id, type: 'recalled' }, { checkpoint: this.store.blobs.get(r.key!) });
      case 'pairs': {
        const pairs = fakePairs(r.experiment!);
        if (r.experiment!.grader.judge) {
          this.#message({ id, type: 'progress', done: 0.5, label: 'The AI judge learns: step 50 of 100, loss 0.60' });
          await new Promise((done) => setTimeout(done, 100));
        }
        return this.#message({ id, type: 'paired', summary: summarize(pairs), pairs });
      }
      case 'prepare':
        return this.#message({ id, type: 'prepared' });
      case 'frontier': {
        this.#surveyed = Math.min(1, this.#surveyed + 0.5);
        const point = (lambda: number, kl: number, score: number) => ({ lambda, kl, score, parts: [], ess: 12 });
        const frontier = {
          reference: point(0, 0, 3),
          points: [point(2, 1, 6), point(1, 3, 8)],
          sampled: true,
          prompts: 64,
          responses: 256,
          stopped: 'Too few samples beyond.',
        };
        return this.#message({ id, type: 'surveyed', done: this.#surveyed, frontier: this.#surveyed < 1 ? null : frontier });
      }
      case 'open': {
        const e = r.experiment!;
        this.#run = { id, e, pairs: fakePairs(e), step: 0, playing: false, altered: 0, stored: [] };
        this.#message({ id, type: 'opened', experiment: e, summary: summarize(this.#run.pairs) });
        this.#report();
        if (!attachments.checkpoint) return;
        this.#run.step = attachments.checkpoint[0]!;
        return this.#report();
      }
      case 'play':
        if (this.#run) this.#run.playing = true;
        return this.#go();
      case 'pause':
        if (this.#run) this.#run.playing = false;
        return this.#tell();
      case 'step':
        return this.#step();
      case 'set':
        if (this.#run) this.#run.altered ||= this.#run.step + 1;
        return this.#tell();
      case 'save':
        return this.#message({ id, type: 'saved', step: this.#run!.step }, { checkpoint: Uint8Array.of(this.#run!.step) });
      case 'seek':
        return this.#seek(r);
      case 'adopt':
        this.#run!.altered ||= this.#run!.step + 1;
        this.#message({ id, type: 'adopted' });
        return this.#tell();
      case 'inspect': {
        const { inspection, maps } = fakeInspection(fakePairs(r.experiment!)[r.pair ?? 0]!, attachments.checkpoint![0]!);
        return this.#message({ id, type: 'inspected', inspection }, { attention: new Uint8Array(maps.buffer) });
      }
      case 'embed':
        return this.#message({ id, type: 'embedded', map: fakeEmbeddings(attachments.checkpoint![0]!) });
      case 'reward': {
        const models = ['Bradley-Terry', 'Margin matching'].map((title, i) => fakeStudy(title, i));
        this.#message({ id, type: 'progress', done: 0.5, label: 'Bradley-Terry: step 1 of 2, loss 0.69' });
        return this.#message({ id, type: 'rewarded', models });
      }
      case 'readRun':
        return this.#message({ id, type: 'runRead', reading: fakeReading(0.7 + attachments.checkpoint![0]! / 100) });
      case 'saveWeights':
        return this.#message({ id, type: 'weightsSaved', step: attachments.checkpoint![0]! }, { weights: attachments.checkpoint });
      case 'loadWeights':
        if (attachments.weights!.length === 0)
          return this.#message({ id, type: 'failed', code: 'bad-weights', message: 'These weights cannot be used: the file is empty.' });
        return this.#message({ id, type: 'weightsLoaded', fingerprint: 'e'.repeat(64) }, { checkpoint: attachments.checkpoint });
    }
  }

  #list(id: number): void {
    const datasets = [...this.store.datasets.values()].filter((d) => !d.trashed).map((d) => d.info);
    this.#message({ id, type: 'listed', datasets, lasting: true });
  }

  async #import(r: Request, file: Blob): Promise<void> {
    const lines = (await read(file)).split('\n').filter((line) => line !== '');
    this.#message({ id: r.id, type: 'progress', done: 0.5, label: `${lines.length} rows read` });
    let records: Record[];
    try {
      records = lines.map((line) => JSON.parse(line) as Record);
    } catch {
      return this.#message({ id: r.id, type: 'failed', code: 'bad-file', message: 'Line 1 is not JSON.' });
    }
    const scale = { min: 1, max: 10, how: 'guessed' };
    const info: Info = {
      id: `data:${String(records.length).padStart(16, '0')}`,
      name: r.name!,
      format: 'own',
      records: records.length,
      prompts: records.length,
      ties: 0,
      scale,
      added: 0,
      trashed: 0,
    };
    this.store.datasets.set(info.id, { info, records, trashed: false });
    const report = {
      format: 'own',
      formatTitle: 'Margins',
      grade: 'The grades are score_chosen and score_rejected.',
      container: 'JSON lines',
      unit: 'line',
      rows: records.length + 1,
      used: records.length,
      comparisons: records.length,
      leftOut: 0,
      swapped: 1,
      ties: 0,
      duplicates: 0,
      prompts: records.length,
      skipped: [{ reason: 'score_chosen is missing', count: 1 }],
      examples: [{ row: 3, reason: 'score_chosen is missing' }],
      scale,
      histogram: new Array<number>(18).fill(1),
      existing: false,
    };
    this.#message({ id: r.id, type: 'imported', dataset: info, report });
  }

  #go(): void {
    const run = this.#run;
    if (!run?.playing || this.#gone) return;
    this.#step();
    if (run.playing) setTimeout(() => this.#go(), 12);
  }

  #step(): void {
    const run = this.#run;
    if (!run || run.step >= run.e.train.steps) return;
    run.step++;
    if (run.step >= run.e.train.steps) run.playing = false;
    this.#report();
  }

  #report(): void {
    const { id, e, pairs, step, stored } = this.#run!;
    const done = step >= e.train.steps;
    const due = step % e.train.evaluate === 0 || done;
    this.#say({ floats: Float32Array.from([step, ...catalog.metrics.map((m) => measure(m.id, m.split, e, step, due))]), tag: TagRows, id });
    if (due) {
      stored.push(step);
      const random = numbers(e.objective.id.length + step);
      const samples = pairs.slice(-8).map((p, i) => ({
        prompt: p.prompt,
        text: step === 0 ? p.rejected : pitch(random),
        score: 3 + 6 * random() * (step / e.train.steps),
        valid: i !== 5,
      }));
      const bins = Array.from({ length: 10 }, (_, i) => ({ count: 10 - i, confidence: 0.525 + 0.05 * i, agreement: 0.6 + 0.03 * i }));
      this.#message({
        ...{ id, type: 'samples', step, samples },
        parts: [
          { id: 'hero', points: 0.2 },
          { id: 'wish', points: (6 * step) / e.train.steps },
        ],
        reliability: { preference: bins, outcome: bins },
      });
    }
    this.#tell();
  }

  #seek(r: Request): void {
    const run = this.#run!;
    if (!run.stored.includes(r.to!)) {
      return this.#message({ id: r.id, type: 'failed', code: 'bad-step', message: `Step ${r.to} is not stored.` });
    }
    Object.assign(run, { step: r.to, playing: false, altered: run.altered > r.to! ? 0 : run.altered });
    this.#tell();
  }

  /** Says where the run is, without having moved it. */
  #tell(): void {
    const { id, e, pairs, step, playing, altered, stored } = this.#run!;
    this.#say({ floats: learned(e, pairs, step), tag: TagMargins, id });
    const steps = e.train.steps;
    const known = [...new Set(stored)].sort((p, q) => p - q);
    const state: State = { id, type: 'state', phase: phase(playing, step, step >= steps), step, steps, stepsPerSecond: 40, stored: known };
    if (step >= steps) state.fingerprint = e.objective.id.padEnd(64, altered ? '1' : '0');
    if (altered) state.altered = altered;
    this.#message(state);
  }
}

/** Reads a file as text; jsdom's files cannot do it themselves. */
function read(file: Blob): Promise<string> {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.readAsText(file);
  });
}

function phase(playing: boolean, step: number, done: boolean): State['phase'] {
  if (done) return 'done';
  if (playing) return 'running';
  return step === 0 ? 'ready' : 'paused';
}

function summarize(pairs: PairView[]) {
  const train = pairs.filter((p) => !p.heldOut);
  const histogram = new Array<number>(18).fill(0);
  for (const p of train) histogram[Math.min(17, Math.floor(p.margin / 0.5))]!++;
  return {
    train: train.length,
    heldOut: pairs.length - train.length,
    ties: train.filter((p) => p.margin === 0).length,
    dropped: 0,
    cut: 0,
    meanTrue: 3.1,
    histogram,
    effort: { judgements: 2 * train.length, bits: 13 * train.length, entropy: 9 * train.length, minutes: train.length / 3 },
  };
}

/** Curves that look like training; nothing more is claimed of them. */
function measure(id: string, split: string, e: Experiment, step: number, due: boolean): number {
  if (split === 'train' ? step === 0 : !due) return NaN;
  const t = step / e.train.steps;
  const wobble = split === 'train' ? 0.05 * Math.sin(3 * step) : 0;
  const reach = e.objective.id === 'mmpo' ? 1.4 : 1;
  const curves: { [name: string]: number } = {
    loss: 0.693 - 0.3 * t,
    'rewards/chosen': 0.6 * t,
    'rewards/rejected': -1.5 * t,
    'rewards/margins': 2.1 * t * reach,
    'rewards/accuracies': 0.5 + 0.4 * t,
    'logps/chosen': -18 - 2 * t,
    'logps/rejected': -19 - 6 * t,
    grad_norm: 1 + t,
    learning_rate: 3e-4,
    kl: 2 * t * reach,
    true_score: 3.1 + 3 * t * reach,
    valid: 1 - 0.05 * t,
    'true/spearman': 0.6 * t,
    ece: 0.3 * t,
    'outcome/ece': 0.2 * t,
    entropy: 15 - t,
    win_rate: 0.5 + 0.3 * t,
  };
  return (curves[id.replace('eval_', '')] ?? NaN) + wobble;
}

function learned(e: Experiment, pairs: PairView[], step: number): Float32Array {
  const random = numbers(11);
  const t = Math.min(1, step / e.train.steps);
  const train = pairs.filter((p) => !p.heldOut).length;
  const h = pairs.map((p) => t * ((e.objective.id === 'mmpo' ? e.objective.gamma * p.margin : 2.5) + 2 * (random() + random() - 1)));
  return Float32Array.from([step, train, pairs.length - train, ...h]);
}

/** A reading of that accuracy. */
function fakeReading(accuracy: number): Reading {
  const margins = [
    { from: 0, to: 1, pairs: 20, accuracy },
    { from: 1, to: 9, pairs: 0, accuracy: null },
  ];
  return { accuracy, margins, ece: 0.1, brier: 0.2, nll: 0.6, pearson: accuracy - 0.1, spearman: null };
}

/** A reward model whose picks rise, or (the first) rise and fall. */
function fakeStudy(title: string, i: number): RewardStudy {
  const ns = Array.from({ length: 64 }, (_, j) => j + 1);
  const truth = ns.map((n) => 3 + Math.log2(n) / 4 - (i === 0 && n > 16 ? 0.5 : 0));
  const best = { true: truth, own: ns.map((n) => 3 + Math.log2(n) / 3), kl: ns.map((n) => Math.log(n) - (n - 1) / n) };
  const method = { id: `m${i}`, title, help: '', source: '' };
  return {
    ...{ method, fingerprint: 'd'.repeat(64), reading: fakeReading(0.6 + i / 100) },
    best: { ...best, peak: i === 0 ? 16 : 64, fall: i === 0 ? 0.25 : 0, fallHalf: i === 0 ? 0.1 : 0 },
  };
}

/** Lays a pair open: one layer of two heads, the first of which looks at the token itself and the second at the first token. */
export function fakeInspection(pair: PairView, step: number): { inspection: Inspection; maps: Float32Array } {
  const tokens = (text: string, sign: number): TokenView[] =>
    [...text.split(' ').map((word) => ` ${word}`), '<end>'].map((text, i) => ({
      text,
      policy: -1 + (sign * step * (i % 3)) / 10,
      reference: -1,
      gradient: -0.1 * sign,
      push: 0.1 * sign * (i % 3),
      top: [{ text: ' a', prob: 0.5 }, { text, prob: Math.exp(-1) }],
      referenceTop: [{ text: ' the', prob: 0.4 }, { text, prob: Math.exp(-1) }],
    }));
  const inspection = {
    step,
    loss: 0.5,
    margin: step / 10,
    prompt: pair.prompt.split(' '),
    chosen: tokens(pair.chosen, 1),
    rejected: tokens(pair.rejected, -1),
    layers: 1,
    heads: 2,
  };
  const maps = [inspection.chosen, inspection.rejected].flatMap((response) => {
    const n = inspection.prompt.length + response.length - 1;
    return [0, 1].flatMap((head) =>
      Array.from({ length: n * n }, (_, k) => ((k % n) === (head === 0 ? Math.floor(k / n) : 0) ? 1 : 0)),
    );
  });
  return { inspection, maps: Float32Array.from(maps) };
}

function fakeEmbeddings(step: number): EmbeddingMap {
  const tokens = ['<end>', ' a', ' the', ' brave'];
  return { step, tokens, points: tokens.map((_, i) => [i, i * i, -i]), shares: [0.6, 0.3, 0.1] };
}

/** Returns a host whose workers are fake, and the workers it gave. A store that is given is one that an earlier tab filled. */
export function fakeHost(store: FakeStore = { datasets: new Map(), blobs: new Map() }): { host: Host; ports: FakePort[] } {
  const ports: FakePort[] = [];
  const host: Host = {
    prepare: async () => () => {
      const port = new FakePort(store);
      ports.push(port);
      return port;
    },
    fetch: async () => new Uint8Array(1),
  };
  return { host, ports };
}
