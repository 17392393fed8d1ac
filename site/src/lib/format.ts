// Numbers as people read them.

const none = '\u2013';
const minus = '\u2212';

/** Writes x with a fixed number of decimals and a true minus sign; a dash where there is no number. */
export function fixed(x: number | null | undefined, digits: number): string {
  if (x === null || x === undefined || !Number.isFinite(x)) return none;
  const text = x.toFixed(digits);
  const zero = Number(text) === 0;
  return x < 0 && !zero ? minus + text.slice(1) : text.replace('-', '');
}

/** Writes x with its sign. */
export function signed(x: number | null | undefined, digits: number): string {
  const text = fixed(x, digits);
  return text === none || text.startsWith(minus) || Number(text) === 0 ? text : `+${text}`;
}

/** Writes a number of any size in about three digits, without an exponent. */
export function short(x: number | null | undefined): string {
  if (x === null || x === undefined || !Number.isFinite(x)) return none;
  const size = Math.abs(x);
  if (size === 0) return '0';
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  return fixed(x, digits);
}

/** Writes a number as its file has it, but for digits that nobody needs: 1, 10, 0.25. */
export function asGiven(x: number): string {
  return String(Number(x.toPrecision(6))).replace('-', minus);
}

/** Writes a whole number with separators. */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** Writes a share as a percentage. */
export function percent(share: number, digits = 0): string {
  return Number.isFinite(share) ? `${fixed(100 * share, digits)} %` : none;
}

/** Writes n and the noun that it counts. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
