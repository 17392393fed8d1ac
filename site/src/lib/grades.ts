// Grades as the rater would say them.

import type { Grader } from '../engine/protocol.gen';

/** The ends of the scale, in points; see datasets.ScaleMin and ScaleMax. */
export const scale = { min: 1, max: 10 } as const;

const middle = (scale.min + scale.max) / 2;

/** The width of a bin of a margin histogram, in points. */
export const marginBin = 0.5;

/** Says a grade in the rater's own words: a thumb, or which level of how many. "" where the grade is exact. */
export function level(score: number, levels: number): string {
  if (levels <= 0) return '';
  const place = Math.min(levels, Math.floor((levels * (score - scale.min)) / (scale.max - scale.min)) + 1);
  if (levels === 2) return place === 2 ? 'thumb up' : 'thumb down';
  return `${place} of ${levels}`;
}

/** Says one rater's grade as level does; "" where the answer was not a level of an even scale, or several were combined. */
export function said(score: number, g: Grader): string {
  const even = g.rounding === 'random' || g.cuts === 'even';
  if (g.asks === 'comparison' || g.raters > 1 || !even) return '';
  if (g.levels === 2) return score < (g.rounding === 'random' ? middle : g.cut) ? 'thumb down' : 'thumb up';
  return level(score, g.levels);
}

/** Returns sigma(x), the probability that a log-odds of x stands for. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
