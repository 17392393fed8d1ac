// What figures on a canvas share: the page's colors, and a canvas that is as sharp as the screen.

let theme: string | undefined;
const tokens = new Map<string, string>();

/** Returns the value of one of the page's tokens, such as "--a". It is kept: asking the page while it changes makes it lay itself out. */
export function token(name: string): string {
  const root = document.documentElement;
  if (root.dataset.theme !== theme) {
    theme = root.dataset.theme;
    tokens.clear();
  }
  let value = tokens.get(name);
  if (value === undefined) tokens.set(name, (value = getComputedStyle(root).getPropertyValue(name).trim()));
  return value;
}

/** Sizes a canvas for the screen's pixels and returns what draws on it in CSS pixels; null where a canvas cannot be drawn on. */
export function prepare(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = globalThis.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}

/** Tells a component whether its element is on the screen; what is not seen is not drawn. */
export function whenSeen(tell: (seen: boolean) => void): (node: Element) => () => void {
  return (node) => {
    if (!('IntersectionObserver' in globalThis)) {
      tell(true);
      return () => {};
    }
    const observer = new IntersectionObserver((entries) => tell(entries.at(-1)!.isIntersecting), { rootMargin: '80px' });
    observer.observe(node);
    return () => observer.disconnect();
  };
}

/** The font of numbers and labels on a canvas. */
export const font = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
