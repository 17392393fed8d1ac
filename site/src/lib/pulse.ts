// What arrives many times a second is shown at most 15 times a second.

/** The least time between two redraws, in milliseconds. */
export const beat = 1000 / 15;

/** Returns a function that asks for flush to be called soon, but never twice within a beat. A timer also runs in a hidden tab. */
export function pulse(flush: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    setTimeout(() => {
      asked = false;
      flush();
    }, beat);
  };
}

/** Returns a function that calls act once nobody has called it for a while. */
export function debounce(act: () => void, milliseconds: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
}
