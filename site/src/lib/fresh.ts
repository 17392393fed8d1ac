// What is asked again and again while it changes: one request at a time, and not too many.

/** Fresh asks for what was wished last, never two at a time, and begins no request sooner than `least` milliseconds after the last one. */
export class Fresh<Wish> {
  #wish: Wish | null = null;
  #busy = false;
  #began = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ask: (wish: Wish) => Promise<void>,
    private readonly least: number,
  ) {}

  /** Wishes for something, in place of what was wished before and not asked for yet. One that is urgent waits only for the last answer. */
  wish(wish: Wish, urgent = false): void {
    this.#wish = wish;
    if (urgent) this.#began = -Infinity;
    this.#next();
  }

  /** Wishes for nothing any more. */
  stop(): void {
    this.#wish = null;
    clearTimeout(this.#timer);
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#busy || this.#wish === null) return;
    const wait = this.#began + this.least - Date.now();
    if (wait > 0) this.#timer = setTimeout(() => this.#next(), wait);
    else void this.#go(this.#wish);
  }

  async #go(wish: Wish): Promise<void> {
    this.#wish = null;
    this.#busy = true;
    this.#began = Date.now();
    try {
      await this.ask(wish);
    } finally {
      this.#busy = false;
      this.#next();
    }
  }
}
