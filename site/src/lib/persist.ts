// What a visitor makes here should not go when the browser runs short of room.

let asked = false;

/** Asks the browser, once, to keep what this page stores until the visitor takes it away. It may refuse; the page then works as before. */
export function persist(): void {
  if (asked) return;
  asked = true;
  void globalThis.navigator?.storage?.persist?.().catch(() => false);
}
