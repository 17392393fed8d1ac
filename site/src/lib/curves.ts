// A run's curves as files; the native program writes the same (curves.go).

import type { Table } from '../engine/table';

/** Curves are a run's rows and what they are of. */
export interface Curves {
  engine: string; // version of the engine
  link: string; // repeats the run; "" where none does
  metrics: readonly string[]; // the columns after the step
  rows: (number | null)[][]; // step, then the metrics; null where not measured
}

/** Returns a run's curves up to where it stands. */
export function curvesOf(table: Table, engine: string, link: string): Curves {
  const width = table.metrics.length + 1;
  const floats = table.rows();
  const rows = Array.from({ length: floats.length / width }, (_, i) => Array.from(floats.subarray(i * width, (i + 1) * width), shortest));
  return { engine, link, metrics: table.metrics, rows };
}

/** Returns a float32 in the fewest digits that read back as the same number, null where it is none. */
export function shortest(x: number): number | null {
  if (!Number.isFinite(x)) return null;
  for (let digits = 1; digits < 9; digits++) {
    const y = Number(x.toPrecision(digits));
    if (Math.fround(y) === x) return y;
  }
  return Number(x.toPrecision(9));
}

/** Writes curves as CSV: a column for the step and one for each metric. */
export function toCSV(curves: Curves): string {
  const lines = [['step', ...curves.metrics], ...curves.rows.map((row) => row.map((x) => (x === null ? '' : String(x))))];
  return lines.map((fields) => fields.join(',') + '\n').join('');
}
