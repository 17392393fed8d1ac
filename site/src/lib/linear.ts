// A linear scale. d3-scale's would bring colors, dates and number formats, 9 kB in gzip; what is hard of it, readable ticks, is d3-array's.

import { ticks } from 'd3-array';

/** Linear maps a domain to a range, and gives round values of the domain. */
export interface Linear {
  (x: number): number;
  ticks(count: number): number[];
}

/** Returns the scale that maps the ends of domain to those of range; a domain without extent is mapped to the middle. */
export function linear([from, to]: [number, number], [start, end]: [number, number]): Linear {
  const extent = to - from;
  const scale = (x: number) => (extent === 0 ? (start + end) / 2 : start + ((x - from) / extent) * (end - start));
  return Object.assign(scale, { ticks: (count: number) => ticks(from, to, count) });
}
