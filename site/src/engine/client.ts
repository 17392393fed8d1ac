// One worker as the page sees it: typed requests with promises, and the events of the run that is open in it.

import type {
  Adopted,
  Added,
  Completed,
  Embedded,
  Failed,
  Fitted,
  Imported,
  Inspected,
  Judged,
  Kept,
  LinkRead,
  LinkWritten,
  Listed,
  Loaded,
  Message,
  Opened,
  Paired,
  Planned,
  Prepared,
  Previewed,
  Progress,
  Recalled,
  Request,
  RequestType,
  Rewarded,
  RunRead,
  Samples,
  Saved,
  Shown,
  State,
  Surveyed,
  Taken,
  WeightsLoaded,
  WeightsSaved,
} from './protocol.gen';

/** The requests that are answered by one message, and by which. */
export interface Answers {
  import: Imported;
  list: Listed;
  preview: Previewed;
  delete: Listed;
  restore: Listed;
  load: Loaded;
  fit: Fitted;
  pairs: Paired;
  frontier: Surveyed;
  readLink: LinkRead;
  writeLink: LinkWritten;
  keep: Kept;
  recall: Recalled;
  open: Opened;
  save: Saved;
  prepare: Prepared;
  adopt: Adopted;
  plan: Planned;
  take: Taken;
  complete: Completed;
  add: Added;
  judge: Judged;
  show: Shown;
  share: LinkWritten;
  saveWeights: WeightsSaved;
  loadWeights: WeightsLoaded;
  inspect: Inspected;
  embed: Embedded;
  reward: Rewarded;
  readRun: RunRead;
}

/** The requests that steer what is under way; their effect is seen in its events. */
export type Command = Exclude<RequestType, keyof Answers>;

/** What goes beside a request or an answer without becoming JSON. */
export interface Attachments {
  reference?: Uint8Array;
  data?: Uint8Array;
  checkpoint?: Uint8Array;
  weights?: Uint8Array;
  attention?: Uint8Array;
  file?: Blob;
}

/** What a worker posts; see wasm/worker.mjs. */
export interface Post {
  message?: Message;
  attachments?: Attachments;
  floats?: Float32Array;
  tag?: number;
  id?: number;
  crash?: string;
}

/** The part of Worker that a client needs. */
export interface Port {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<Post>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** Hears what a worker says without being asked. State, samples and floats are those of the run opened last. */
export interface Listener {
  state?(state: State): void;
  samples?(samples: Samples): void;
  floats?(tag: number, floats: Float32Array): void;
  /** A command could not be done. */
  failed?(failed: Failed): void;
  /** The program died; every open request was refused, and restart() starts it anew. */
  crashed?(message: string): void;
}

/** A request that could not be done: a code for programs, a sentence for people. */
export class EngineError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Pending {
  resolve(answer: { message: Message; attachments: Attachments }): void;
  reject(error: EngineError): void;
  progress?: (progress: Progress) => void;
}

/** Client talks to one worker, which keeps at most one run. */
export class Client {
  listener: Listener = {};
  #port: Port | null = null;
  #pending = new Map<number, Pending>();
  #commands = new Set<number>();
  #nextID = 1;
  #opened = 0; // the id of the last open request: the run whose events count

  /** spawn starts a worker and sends it the compiled modules. */
  constructor(private spawn: () => Port) {
    this.#start();
  }

  /** Whether the program died and was not started again. */
  get dead(): boolean {
    return this.#port === null;
  }

  /** Asks, and resolves with the answer; rejects with an EngineError. */
  async ask<T extends keyof Answers>(
    type: T,
    fields: Omit<Request, 'id' | 'type'> = {},
    options: { attachments?: Attachments; progress?: (progress: Progress) => void } = {},
  ): Promise<{ message: Answers[T]; attachments: Attachments }> {
    const id = this.#nextID++;
    if (type === 'open') this.#opened = id;
    return new Promise((resolve, reject) => {
      if (!this.#port) return reject(new EngineError('crashed', 'This part of the engine has stopped. Start it again.'));
      // The protocol pairs each request with its answer; the type of message follows from the request's.
      this.#pending.set(id, { resolve: resolve as Pending['resolve'], reject, progress: options.progress });
      this.#port.postMessage({ request: { id, type, ...fields }, attachments: options.attachments });
    });
  }

  /** Steers what is under way. */
  command(type: Command, fields: Omit<Request, 'id' | 'type'> = {}): void {
    const id = this.#nextID++;
    this.#commands.add(id);
    this.#port?.postMessage({ request: { id, type, ...fields } });
  }

  /** Starts the program, or another one, anew. What was open in it is gone. */
  restart(spawn = this.spawn): void {
    this.spawn = spawn;
    this.#port?.terminate();
    this.#start();
  }

  /** Ends the worker for good. What was asked of it is refused as canceled. */
  close(): void {
    this.#end('canceled', 'This part of the engine was closed.');
  }

  #start(): void {
    this.#opened = 0;
    this.#port = this.spawn();
    this.#port.onmessage = (event) => this.#hear(event.data);
    this.#port.onerror = (event) => this.#crash(event.message);
  }

  #hear(post: Post): void {
    if (post.crash !== undefined) this.#crash(post.crash);
    else if (post.floats) {
      if (post.id === this.#opened) this.listener.floats?.(post.tag ?? 0, post.floats);
    } else if (post.message) this.#dispatch(post.message, post.attachments ?? {});
  }

  #dispatch(message: Message, attachments: Attachments): void {
    switch (message.type) {
      case 'progress':
        return this.#pending.get(message.id)?.progress?.(message);
      case 'state':
        if (message.id === this.#opened) this.listener.state?.(message);
        return;
      case 'samples':
        if (message.id === this.#opened) this.listener.samples?.(message);
        return;
      case 'failed':
        return this.#refuse(message);
      default:
        this.#pending.get(message.id)?.resolve({ message, attachments });
        this.#pending.delete(message.id);
    }
  }

  #refuse(failed: Failed): void {
    const asked = this.#pending.get(failed.id);
    this.#pending.delete(failed.id);
    if (asked) asked.reject(new EngineError(failed.code, failed.message));
    else if (failed.id === this.#opened || this.#commands.has(failed.id)) this.listener.failed?.(failed);
  }

  #crash(reason: string): void {
    const sentence = reason || 'The program ended without a reason.';
    this.#end('crashed', sentence);
    this.listener.crashed?.(sentence);
  }

  #end(code: string, sentence: string): void {
    this.#port?.terminate();
    this.#port = null;
    for (const asked of this.#pending.values()) asked.reject(new EngineError(code, sentence));
    this.#pending.clear();
  }
}
