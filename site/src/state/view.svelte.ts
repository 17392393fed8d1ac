// What the page shows of itself: its theme, its tab on a phone, notices, and the pair in focus.

/** The color scheme: the system's, or the visitor's choice. */
export type Theme = 'system' | 'light' | 'dark';
/** The part of the page that a phone shows. */
export type Tab = 'data' | 'train' | 'result';
/** Which pairs are shown. */
export type Split = 'train' | 'heldout';

/** Action is something that a visitor can do about a notice. */
export interface Action {
  label: string;
  testid: string;
  act: () => void;
}

/** Notice is a sentence to the visitor, perhaps with something to do about it. */
export interface Notice {
  id: number;
  text: string;
  actions: Action[];
}

const key = 'margins:theme';

/** View holds what has no influence on any result. */
export class View {
  theme = $state<Theme>(readTheme());
  tab = $state<Tab>('result');
  split = $state<Split>('train');
  /** The pair in focus, by its place among all pairs. */
  pair = $state(0);
  notices = $state.raw<Notice[]>([]);
  #next = 1;
  #system = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
  #systemDark = $state(this.#system?.matches ?? false);

  readonly dark = $derived(this.theme === 'dark' || (this.theme === 'system' && this.#systemDark));

  constructor() {
    this.#system?.addEventListener('change', (event) => (this.#systemDark = event.matches));
  }

  /** Changes between light and dark, and remembers the choice. */
  toggleTheme(): void {
    this.theme = this.dark ? 'light' : 'dark';
    try {
      localStorage.setItem(key, this.theme);
    } catch {
      // Without storage the choice lasts as long as the tab.
    }
  }

  /** Shows a notice and returns what takes it away. */
  notify(text: string, ...actions: Action[]): () => void {
    const notice = { id: this.#next++, text, actions };
    this.notices = [...this.notices.filter((n) => n.text !== text), notice];
    return () => this.dismiss(notice.id);
  }

  /** Takes a notice away. */
  dismiss(id: number): void {
    this.notices = this.notices.filter((n) => n.id !== id);
  }
}

function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(key);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}
