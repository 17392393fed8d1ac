// Which curves the page draws, and how: one entry a chart id of the catalog's metrics.

import { catalog, type Metric } from '../engine/catalog.gen';
import type { Table } from '../engine/table';
import { short } from './format';
import { sides, type Side } from './params';
import type { Range } from './range';

/** ChartSpec says how a chart is drawn; what is drawn on it follows from the metrics. */
export interface ChartSpec {
  id: string; // of Metric.chart
  title: string;
  range: Range | null; // the span of the axis before anything is measured; null where only the first values tell
  digits: number; // decimals of its numbers
  true?: boolean; // measured only where the true score is known
  only?: string; // the one metric that is drawn, where the chart's metrics do not share a unit
  place: Place;
}

/** Where a chart stands: beside the numbers, below among the others, or folded away. */
export type Place = 'lead' | 'more' | 'folded';

/** The charts in the order of the page. */
export const charts: readonly ChartSpec[] = [
  { id: 'score', title: 'True score', range: { min: 1, max: 10 }, digits: 2, true: true, place: 'lead' },
  { id: 'kl', title: 'KL to the reference', range: { min: 0, max: 2 }, digits: 2, place: 'lead' },
  { id: 'valid', title: 'Valid share', range: { min: 0, max: 1.05 }, digits: 2, true: true, place: 'more' },
  { id: 'win', title: 'Win rate', range: { min: 0, max: 1 }, digits: 2, true: true, place: 'more' },
  { id: 'loss', title: 'Loss', range: { min: 0, max: 1 }, digits: 3, place: 'more' },
  { id: 'accuracy', title: 'Accuracy', range: { min: 0, max: 1 }, digits: 2, place: 'more' },
  { id: 'margins', title: 'Learned margin h', range: { min: -0.5, max: 2 }, digits: 2, place: 'more' },
  { id: 'correlation', title: 'h and truth', range: { min: -0.1, max: 1 }, digits: 2, true: true, place: 'more' },
  { id: 'ece', title: 'Calibration error', range: { min: 0, max: 0.3 }, digits: 3, true: true, place: 'more' },
  { id: 'logps', title: 'Log-probabilities', range: null, digits: 1, place: 'more' },
  { id: 'rewards', title: 'Rewards', range: { min: -1, max: 1 }, digits: 2, place: 'more' },
  { id: 'entropy', title: 'Entropy', range: null, digits: 1, place: 'folded' },
  { id: 'distinct', title: 'Distinct share', range: { min: 0, max: 1.05 }, digits: 2, place: 'folded' },
  { id: 'clipped', title: 'Clipped steps', range: { min: 0, max: 1.05 }, digits: 2, place: 'folded' },
  { id: 'optimizer', title: 'Gradient norm', range: { min: 0, max: 2 }, digits: 2, only: 'grad_norm', place: 'folded' },
];

/** Line is one curve: a metric of a side. */
export interface Line {
  side: Side;
  metric: Metric;
  pale: boolean; // measured on the batches of training: drawn thin behind the held-out curve
  dashed: boolean; // of the rejected responses
}

/** Returns the metrics of a chart in the catalog's order. */
export function metricsOf(spec: ChartSpec): Metric[] {
  return catalog.metrics.filter((m) => m.chart === spec.id && (!spec.only || m.id === spec.only));
}

/** Returns the curves of a chart, the pale ones first, so that they lie behind. */
export function linesOf(spec: ChartSpec): Line[] {
  const metrics = metricsOf(spec);
  const both = metrics.some((m) => m.split === 'train') && metrics.some((m) => m.split !== 'train');
  const lines = sides.flatMap((side) =>
    metrics.map((metric) => ({ side, metric, pale: both && metric.split === 'train', dashed: metric.id.endsWith('/rejected') })),
  );
  return lines.sort((p, q) => Number(q.pale) - Number(p.pale));
}

/** Returns the metrics that stand for a chart in its head and its summary: held out or of samples where there are such. */
export function chiefOf(spec: ChartSpec): Metric[] {
  const metrics = metricsOf(spec);
  const chief = metrics.filter((m) => m.split !== 'train');
  return chief.length > 0 ? chief : metrics;
}

/** Sums up a chart for those who do not see it: where each side began and where it is. */
export function summarize(spec: ChartSpec, tables: { [side in Side]: Table }): string {
  const parts = sides.flatMap((side) =>
    chiefOf(spec).flatMap((metric) => {
      const [from, to] = [tables[side].first(metric.id), tables[side].last(metric.id)];
      return Number.isNaN(to) ? [] : [`${side.toUpperCase()} ${metric.title} from ${short(from)} to ${short(to)}`];
    }),
  );
  return `${spec.title}: ${parts.length > 0 ? parts.join('; ') : 'nothing measured yet'}.`;
}

/** Returns at most n of the steps at which anything of a chart was measured, evenly spread, the last one included. */
export function sampleSteps(spec: ChartSpec, tables: { [side in Side]: Table }, n = 10): number[] {
  const ids = chiefOf(spec).map((m) => m.id);
  const length = Math.max(tables.a.now, tables.b.now) + 1;
  const steps: number[] = [];
  for (let step = 0; step < length; step++) {
    if (sides.some((s) => ids.some((id) => !Number.isNaN(tables[s].at(id, step))))) steps.push(step);
  }
  const stride = Math.max(1, (steps.length - 1) / Math.max(1, n - 1));
  const kept = Array.from({ length: Math.min(n, steps.length) }, (_, i) => steps[Math.round(i * stride)]!);
  return [...new Set(kept)];
}
