// The settings in the page's address. The engine reads and writes them, so that page and native program agree.

import type { Client } from '../engine/client';
import type { Claim, Comparison, LinkRead } from '../engine/protocol.gen';
import { debounce } from '../lib/pulse';
import type { ComparisonState } from './comparison.svelte';
import { sentence } from './data.svelte';
import type { View } from './view.svelte';

/** How long settings must rest before the address follows, in milliseconds. */
const rest = 400;

/** Links keeps the address and the settings together. */
export class Links {
  /** Whether the address asks for settings that have not been read yet. */
  pending = $state(hash() !== '');
  /** What the link that was opened last claims, and of which settings; null if it claims nothing. */
  claimed = $state.raw<Pick<LinkRead, 'claim' | 'comparison'> | null>(null);
  #write = debounce(() => void this.#follow(), rest);

  constructor(
    private readonly client: () => Promise<Client>,
    private readonly comparison: ComparisonState,
    private readonly view: View,
  ) {}

  /** Reads the address, now and whenever it changes; moved is called after it changed the settings. */
  async start(moved: () => void): Promise<void> {
    addEventListener('hashchange', () => void this.#read().then(moved));
    if (this.pending) await this.#read();
  }

  /** Lets the address follow the settings, soon. */
  write(): void {
    if (!this.pending) this.#write();
  }

  /** Returns the whole address of the settings as they are, with what their runs ended in, if that is to be claimed. */
  async address(claim?: Claim): Promise<string> {
    return `${location.href.split('#')[0]}#${await this.link(this.comparison.current, claim)}`;
  }

  /** Returns the link of a comparison, without its #. */
  async link(comparison: Comparison, claim?: Claim): Promise<string> {
    return (await (await this.client()).ask('writeLink', { comparison, claim })).message.link;
  }

  /** Turns to the settings of a link, without its #, and tells whether it could. */
  async load(link: string): Promise<boolean> {
    try {
      this.comparison.current = (await this.read(link)).comparison;
      return true;
    } catch (error) {
      this.view.notify(sentence(error));
      return false;
    }
  }

  /** Reads a link, without its #. */
  async read(link: string): Promise<LinkRead> {
    return (await (await this.client()).ask('readLink', { link })).message;
  }

  async #read(): Promise<void> {
    try {
      this.claimed = null;
      const message = await this.read(hash());
      this.comparison.current = message.comparison;
      if (message.claim.engine) this.claimed = message;
      for (const notice of message.notices) this.view.notify(`${notice}.`);
    } catch (error) {
      this.view.notify(`This link could not be used: ${sentence(error)} The settings are as they were.`);
    } finally {
      this.pending = false;
    }
  }

  async #follow(): Promise<void> {
    try {
      history.replaceState(history.state, '', await this.address());
    } catch {
      // The address is a convenience; Share says what is wrong, if anything is.
    }
  }
}

/** The address's fragment without its #, if it speaks of the settings. */
function hash(): string {
  const fragment = globalThis.location?.hash.slice(1) ?? '';
  return fragment.startsWith(labPrefix) ? '' : fragment;
}

/** Begins the fragment of an address that opens a sweep in the lab. */
export const labPrefix = 'lab&';
