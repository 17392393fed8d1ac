// The engine as the page uses it: three workers of one program, more of the full one on demand, and the checkpoints that are shipped.

import { Client, EngineError, type Attachments, type Port } from './client';
import type { Experiment, Model, Progress, Request } from './protocol.gen';
import type { ShippedReference } from './catalog.gen';

/** The programs that a worker can run: the one that every visit loads, and the one that also answers what few visits ask for. */
export type Program = 'engine' | 'full';

/** What the surroundings give: workers, and files beside the page. */
export interface Host {
  /** Compiles a program and returns what starts a worker of it. */
  prepare(program: Program): Promise<() => Port>;
  /** Fetches a file of the site as bytes. */
  fetch(path: string): Promise<Uint8Array>;
}

/** What can be asked about a run, of a copy of it. */
export type Look = 'inspect' | 'embed' | 'readRun' | 'saveWeights' | 'loadWeights';

/** The two binary things that a run needs beside its experiment. */
export type Materials = Pick<Attachments, 'reference' | 'data'>;

/** Engine is the three workers: one for data, links and pairs, and one for each run. */
export class Engine {
  readonly data: Client;
  readonly a: Client;
  readonly b: Client;
  #full: Promise<() => Port> | null = null;
  #dataIsFull = false;
  #references = new Map<string, Promise<Uint8Array>>();
  #loaded: { dataset: string; key: string; bytes: Promise<Uint8Array> } | null = null;

  private constructor(
    spawn: () => Port,
    private readonly host: Host,
    private readonly shipped: ShippedReference[],
  ) {
    this.data = new Client(spawn);
    this.a = new Client(spawn);
    this.b = new Client(spawn);
  }

  /** Compiles the program and starts the workers. */
  static async start(host: Host, shipped: ShippedReference[]): Promise<Engine> {
    return new Engine(await host.prepare('engine'), host, shipped);
  }

  /** Starts a worker of the full program. Whoever asks for it closes it. */
  async full(): Promise<Client> {
    return new Client(await this.#prepareFull());
  }

  /** Asks a client of the full program about a side's run, which is of that experiment, by a copy of it as it is now. */
  async look<T extends Look>(
    client: Client,
    side: 'a' | 'b',
    experiment: Experiment,
    type: T,
    fields: Pick<Request, 'pair'> = {},
    attachments: Attachments = {},
  ) {
    const [saved, materials] = await Promise.all([this[side].ask('save'), this.materials(experiment)]);
    const { checkpoint } = saved.attachments;
    return client.ask(type, { ...fields, experiment }, { attachments: { ...materials, checkpoint, ...attachments } });
  }

  /**
   * Lends work a worker that reads files. Where nothing lasts, what it reads has to stay in the memory of the data worker, which from
   * then on runs the full program itself.
   */
  async withImporter<T>(lasting: boolean, work: (importer: Client) => Promise<T>): Promise<T> {
    if (!lasting) {
      if (!this.#dataIsFull) this.data.restart(await this.#prepareFull());
      this.#dataIsFull = true;
      return work(this.data);
    }
    const importer = await this.full();
    return work(importer).finally(() => importer.close());
  }

  /** Loads the full program, the first time. */
  #prepareFull(): Promise<() => Port> {
    this.#full ??= this.host.prepare('full');
    this.#full.catch(() => (this.#full = null)); // so that another try is possible
    return this.#full;
  }

  /**
   * Returns what an experiment needs. A reference that is not shipped is fitted in this tab, which takes a while; progress tells how far
   * it is. Each is kept, so that asking again costs nothing.
   */
  async materials(e: Experiment, progress?: (p: Progress) => void): Promise<Materials> {
    const data = await this.#data(e);
    const key = referenceKey(e);
    const file = this.#shipped(e)?.file;
    let reference = this.#references.get(key);
    if (!reference) {
      reference = file ? this.host.fetch(`references/${file}`) : this.#fit(e, progress);
      this.#references.set(key, reference);
      reference.catch(() => this.#references.delete(key)); // so that another try is possible
    }
    return { reference: await reference, data };
  }

  /** Tells whether an experiment's reference is at hand, or shipped: then its pairs can be made at once. */
  ready(e: Experiment): boolean {
    return this.#references.has(referenceKey(e)) || this.#shipped(e) !== undefined;
  }

  /** Forgets the records of an imported data set, when it was deleted. */
  forget(dataset: string): void {
    if (this.#loaded?.dataset === dataset) this.#loaded = null;
  }

  #shipped(e: Experiment): ShippedReference | undefined {
    return this.shipped.find((r) => r.world === e.world && sameModel(r.model, e.model));
  }

  /** The records that an experiment's pairs are made of; of the rest of a data set nothing is loaded. */
  async #data(e: Experiment): Promise<Uint8Array | undefined> {
    if (!isImported(e.world)) return undefined;
    const key = JSON.stringify([e.world, e.pairs, e.seed]); // what mmpo.Draw looks at
    if (this.#loaded?.key !== key) {
      const bytes = this.data.ask('load', { experiment: e }).then(({ attachments }) => required(attachments.data, 'the data set'));
      this.#loaded = { dataset: e.world, key, bytes };
      bytes.catch(() => this.forget(e.world));
    }
    return this.#loaded.bytes;
  }

  async #fit(e: Experiment, progress?: (p: Progress) => void): Promise<Uint8Array> {
    const { attachments } = await this.data.ask('fit', { experiment: e }, { progress });
    return required(attachments.reference, 'the reference');
  }
}

/** Tells whether a world is an imported data set. */
export function isImported(world: string): boolean {
  return world.startsWith('data:');
}

/** A reference depends on its world and size alone. */
function referenceKey(e: Experiment): string {
  return JSON.stringify([e.world, e.model]);
}

function sameModel(a: Model, b: Model): boolean {
  return a.width === b.width && a.layers === b.layers && a.heads === b.heads;
}

function required(bytes: Uint8Array | undefined, what: string): Uint8Array {
  if (!bytes) throw new EngineError('missing', `The engine answered without ${what}.`);
  return bytes;
}
