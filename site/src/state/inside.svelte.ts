// What is laid open of a pair, kept fresh while somebody looks.

import type { EmbeddingMap } from '../engine/protocol.gen';
import { Fresh } from '../lib/fresh';
import type { Looked, Place } from '../lib/inside';
import type { Side } from '../lib/params';
import { sentence } from './data.svelte';
import type { Playground } from './playground.svelte';

/** The least time between two looks at the same thing, in milliseconds: whoever looks on slows the run a little. */
const least = { pair: 500, embeddings: 2000 };

/** What is looked at. */
interface Wish {
  side: Side;
  pair: number;
}

/** Inside holds what the engine last said of a pair and of the token embeddings. */
export class Inside {
  side = $state<Side>('b');
  /** The token in focus. */
  place = $state<Place>({ response: 'chosen', at: 0 });
  layer = $state(0);
  head = $state(0);
  looked = $state.raw<(Looked & Pick<Wish, 'side' | 'pair'>) | null>(null);
  embeddings = $state.raw<(EmbeddingMap & Pick<Wish, 'side'>) | null>(null);
  failure = $state('');

  #pair = new Fresh<Wish>((wish) => this.#look(wish), least.pair);
  #embeddings = new Fresh<Wish>((wish) => this.#embed(wish), least.embeddings);

  constructor(private readonly playground: Pick<Playground, 'look' | 'lookAway'>) {}

  /** The token in focus as it can be: another pair may have shorter responses. */
  readonly focus = $derived.by<Place>(() => {
    const n = this.looked?.[this.place.response].length ?? 1;
    return { response: this.place.response, at: Math.min(this.place.at, n - 1) };
  });

  /** Looks at a pair of a side's run, soon: at once if it is another one than before. */
  look(wish: Wish): void {
    const other = wish.pair !== this.looked?.pair || wish.side !== this.looked.side;
    this.#pair.wish(wish, other);
    this.#embeddings.wish(wish, wish.side !== this.embeddings?.side);
  }

  /** Looks no more. */
  close(): void {
    this.#pair.stop();
    this.#embeddings.stop();
    this.playground.lookAway();
  }

  async #look({ side, pair }: Wish): Promise<void> {
    await this.#try(async () => {
      const { message, attachments } = await this.playground.look(side, 'inspect', { pair });
      const maps = new Float32Array(attachments.attention!.slice().buffer);
      this.looked = { ...message.inspection, maps, side, pair };
    });
  }

  async #embed({ side }: Wish): Promise<void> {
    await this.#try(async () => {
      this.embeddings = { ...(await this.playground.look(side, 'embed')).message.map, side };
    });
  }

  async #try(ask: () => Promise<void>): Promise<void> {
    try {
      await ask();
      this.failure = '';
    } catch (error) {
      this.failure = sentence(error);
    }
  }
}
