// Axes that do not jump: a range grows when it must, in steps that can be read, and never shrinks during a run.

import { nice } from 'd3-array';

/** Range is the span of an axis. */
export interface Range {
  min: number;
  max: number;
}

/** Returns old itself if it holds the values, else a range that does, with room to grow on the side that gave way. */
export function grow(old: Range, values: Iterable<number>): Range {
  let [low, high] = [old.min, old.max];
  for (const x of values) {
    if (x < low) low = x;
    if (x > high) high = x;
  }
  if (low === old.min && high === old.max) return old;
  const room = 0.15 * (high - low);
  const [min, max] = nice(low < old.min ? low - room : low, high > old.max ? high + room : high, 5);
  return { min: low < old.min ? min : old.min, max: high > old.max ? max : old.max };
}

/** Returns a range about the first values of a curve that may lie anywhere. */
export function around(values: number[]): Range {
  const known = values.filter(Number.isFinite);
  if (known.length === 0) return { min: 0, max: 1 };
  const room = Math.max(1, 0.2 * Math.max(...known.map(Math.abs)));
  const [min, max] = nice(Math.min(...known) - room, Math.max(...known) + room, 5);
  return { min, max };
}
