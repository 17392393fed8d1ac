// What the figure of a sweep draws, made of the sweep and of what its runs say.

import type { Frontier, Point, Summary, Sweep } from '../engine/protocol.gen';
import { catalog } from '../engine/catalog.gen';
import { fixed } from '../lib/format';
import { findParam } from '../lib/params';
import { ceilingAt } from '../state/ceiling.svelte';
import type { Judgement } from './lab.svelte';

/** A point of a line: one place on the axes, its runs read at their seeds. */
export interface LadderPoint {
  /** Its place among the summary's points. */
  index: number;
  x: number;
  label: string;
  median: number | null;
  mean: number;
  /** Half the width of the 95 % interval of the mean, 0 where there is none. */
  half: number;
  n: number;
}

/** A line: the points that differ in the abscissa alone. */
export interface LadderLine {
  title: string;
  tone: Tone;
  points: LadderPoint[];
  /** The same runs, seed by seed. */
  seeds: { seed: number; points: { x: number; y: number }[] }[];
}

/** How a line is drawn: as side A's color, as B's, or in neither. */
export type Tone = 'a' | 'b' | 'c' | 'd';

/** The figure. */
export interface Ladder {
  /** Without ticks of its own the abscissa is one of numbers. */
  x: { title: string; domain: [number, number]; ticks?: { value: number; label: string }[] };
  y: { title: string; min: number; max: number };
  lines: LadderLine[];
  /** Values to compare with. */
  levels: { value: number; title: string }[];
  summary: string;
}

/** The axis along which lines run: the first that is not the objective. */
export function abscissa(sweep: Sweep): number {
  return Math.max(0, sweep.axes.findIndex((axis) => axis.param !== 'objective'));
}

/** Names a value of an axis as the page does. */
export function valueTitle(param: string, value: string): string {
  const p = findParam(param);
  return p.options?.find((o) => o.id === value)?.title ?? (p.kind === 'choice' ? value : `${value}`);
}

/** Names a place on the axes, but for those that are left out. */
export function placeTitle(sweep: Sweep, at: number[], without = -1): string {
  const names = at.map((i, axis) => {
    const { param, values } = sweep.axes[axis]!;
    const title = valueTitle(param, values[i]!);
    return param === 'objective' || param === 'levels' ? title : `${findParam(param).title} ${title}`;
  });
  return names.filter((_, axis) => axis !== without).join(', ');
}

/** Makes the figure, over the values of the first axis, or over what the catalog's abscissa of that id counts; with the best there is, if it is known. */
export function makeLadder(sweep: Sweep, judged: Judgement, by = '', ceiling: Frontier | null = null): Ladder {
  const { summary } = judged;
  const axis = abscissa(sweep);
  const { param, values } = sweep.axes[axis]!;
  const counted = catalog.abscissas.find((a) => a.id === by);
  const place = (point: Point) => (counted ? point.feedback[counted.id]! : point.at[axis]!);
  const groups = new Map<string, number[]>();
  summary.points.forEach((point, i) => {
    const key = placeTitle(sweep, point.at, axis) || summary.readout.title;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  const lines = Array.from(groups, ([title, indices], k): LadderLine => {
    const points = indices.map((index) => ladderPoint(sweep, summary.points[index]!, index, place));
    return { title, tone: toneOf(sweep, summary.points[indices[0]!]!.at, k), points, seeds: seedLines(summary.points, indices, place) };
  });
  const reference = judged.reference === null ? [] : [{ value: judged.reference, title: 'Reference' }];
  const baseline = catalog.metrics.find((m) => m.id === summary.readout.id);
  const chance = typeof baseline?.baseline !== 'number' || reference.length > 0 ? [] : [{ value: baseline.baseline, title: baseline.baselineTitle ?? '' }];
  const levels = [...reference, ...chance, ...bestLevel(summary, ceiling)];
  const { title, unit } = summary.readout;
  return {
    x:
      counted
        ? { title: counted.title, domain: extent(summary.points.map(place)) }
        : {
            title: param === 'levels' ? 'Feedback, levels' : findParam(param).title,
            domain: [0, Math.max(1, values.length - 1)],
            ticks: values.map((value, i) => ({ value: i, label: valueTitle(param, value) })),
          },
    y: { title: unit ? `${title}, ${unit}` : title, ...rangeOf(lines, levels.map((l) => l.value)) },
    lines,
    levels,
    summary: summarize(lines, title),
  };
}

/** The best true score at the KL that the runs reach, or as far from the reference as it is known: what is best there can be had further away, too. */
function bestLevel({ readout, kl, reach }: Summary, ceiling: Frontier | null): Ladder['levels'] {
  const wanted = { true_score: reach, score_at_kl: kl }[readout.id];
  const known = ceiling?.points.at(-1)?.kl;
  if (!ceiling || !known || !wanted) return [];
  const at = Math.min(wanted, known);
  return [{ value: ceilingAt(ceiling, at), title: `Best at a KL of ${fixed(at, 1)}:` }];
}

/** From the least to the most, which are never the same. */
function extent(numbers: number[]): [number, number] {
  const least = Math.min(...numbers);
  return [least, Math.max(least + 1, ...numbers)];
}

function ladderPoint(sweep: Sweep, point: Point, index: number, place: (point: Point) => number): LadderPoint {
  const { median, mean } = point;
  return { index, x: place(point), label: placeTitle(sweep, point.at), median, mean: mean.mean, half: mean.half, n: mean.n };
}

function seedLines(points: Point[], indices: number[], place: (point: Point) => number): LadderLine['seeds'] {
  const seeds = new Map<number, { x: number; y: number }[]>();
  for (const i of indices) {
    for (const { seed, value } of points[i]!.seeds) seeds.set(seed, [...(seeds.get(seed) ?? []), { x: place(points[i]!), y: value }]);
  }
  return Array.from(seeds, ([seed, points]) => ({ seed, points }));
}

/** DPO and MMPO have their colors; other lines take what is left, in their order. */
function toneOf(sweep: Sweep, at: number[], k: number): Tone {
  const axis = sweep.axes.findIndex((a) => a.param === 'objective');
  const objective = axis < 0 ? sweep.base.objective.id : sweep.axes[axis]!.values[at[axis]!];
  const several = sweep.axes.length - (axis < 0 ? 0 : 1) > 1;
  if (!several && objective === 'dpo') return 'a';
  if (!several && objective === 'mmpo') return 'b';
  return (['c', 'd', 'a', 'b'] as const)[k % 4]!;
}

/** Returns the span of an axis that shows all runs and levels, with some room. */
function rangeOf(lines: LadderLine[], levels: number[]): { min: number; max: number } {
  const all = [...levels, ...lines.flatMap((line) => line.seeds.flatMap((s) => s.points.map((p) => p.y)))];
  for (const { points } of lines) for (const p of points) if (p.median !== null) all.push(p.mean - p.half, p.mean + p.half);
  if (all.length === 0) return { min: 0, max: 1 };
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = 0.06 * (high - low) || 0.5;
  return { min: low - room, max: high + room };
}

function summarize(lines: LadderLine[], title: string): string {
  const told = lines.map((line) => {
    const points = line.points.map((p) => `${p.label} ${fixed(p.median, 2)}`).join(', ');
    return `${line.title}: ${points}.`;
  });
  return `Median of ${title} over seeds. ${told.join(' ')}`;
}
