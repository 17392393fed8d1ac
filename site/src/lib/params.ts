// Reading and changing what can be set, by the catalog's entries.

import { catalog, type Condition, type Objective, type Param, type World } from '../engine/catalog.gen';
import { isImported } from '../engine/engine';
import type { Choose, Comparison, Experiment } from '../engine/protocol.gen';

/** The two runs that are compared. */
export type Side = 'a' | 'b';
export const sides: readonly Side[] = ['a', 'b'];

/** What a parameter holds. */
export type Value = number | string;

/** Returns the parameter of that id; an unknown one is a programmer's error. */
export function findParam(id: string): Param {
  const param = catalog.params.find((p) => p.id === id);
  if (!param) throw new Error(`params: there is no ${id}`);
  return param;
}

/** Returns the objective of that id; an unknown one is a programmer's error. */
export function findObjective(id: string): Objective {
  const objective = catalog.objectives.find((o) => o.id === id);
  if (!objective) throw new Error(`params: there is no objective ${id}`);
  return objective;
}

/** Returns the toy world of that id; undefined for an imported data set. */
export function findWorld(id: string): World | undefined {
  return catalog.worlds.find((w) => w.id === id);
}

/** The part of an experiment that holds a parameter, and under which key: a group is named after its part, but for the top level's. */
function place(e: Experiment, param: Param): { part: { [key: string]: Value }; key: string } {
  const top = param.group === 'data' || param.id === 'seed';
  const part = top ? e : e[param.group as 'grader' | 'objective' | 'model' | 'train'];
  return { part: part as unknown as { [key: string]: Value }, key: param.id === 'objective' ? 'id' : param.id };
}

/** Returns a parameter's value in an experiment. */
export function get(e: Experiment, param: Param): Value {
  const { part, key } = place(e, param);
  return part[key]!;
}

/** Returns a copy of an experiment in which a parameter has that value. */
export function set(e: Experiment, param: Param, value: Value): Experiment {
  const copy = structuredClone(e);
  if (param.id === 'objective') copy.objective = choose(String(value));
  else {
    const { part, key } = place(copy, param);
    part[key] = value;
  }
  return copy;
}

/** Returns an objective with its own settings, as it is before anyone moves them. */
export function choose(id: string): Choose {
  const chosen: Choose = { id, beta: 0, gamma: 0, smoothing: 0, alpha: 0, form: '', lead: 0, draw: 0 };
  const values = chosen as unknown as { [param: string]: Value };
  for (const s of findObjective(id).params) values[s.param] = read(findParam(s.param), s.default, values[s.param]!);
  return chosen;
}

/** Returns the number that an option stands for. */
export function optionNumber(option: { id: string; value?: number }): number {
  const n = Number(option.id);
  return Number.isNaN(n) ? (option.value ?? 0) : n;
}

/** Returns the id of the option that a value is, if it is one. */
export function optionOf(param: Param, value: Value): string | undefined {
  return param.options?.find((o) => o.id === value || (typeof value === 'number' && optionNumber(o) === value))?.id;
}

/** Returns what a parameter is when nobody has moved it; the objective's own default or the world's first stakes where there are such. */
export function defaultOf(param: Param, e: Experiment): Value {
  if (param.id === 'stakes') return findWorld(e.world)?.stakes[0]!.id ?? param.default;
  const own = param.group === 'objective' && findObjective(e.objective.id).params.find((s) => s.param === param.id);
  return read(param, own ? own.default : param.default, get(e, param));
}

/** Tells whether an experiment reads a parameter, or may have an option. */
export function applies(what: { when?: Condition[]; toy?: boolean }, e: Experiment): boolean {
  if (what.toy && isImported(e.world)) return false;
  return (what.when ?? []).every(({ param: id, is, not = false }) => {
    const param = findParam(id);
    const value = get(e, param);
    return (optionOf(param, value) ?? String(value)) === is !== not;
  });
}

/** Returns what a text of the catalog stands for, in the type of another value of the same parameter. */
export function read(param: Param, text: string, like: Value): Value {
  const option = param.options?.find((o) => o.id === text);
  if (typeof like !== 'number') return text;
  return option ? optionNumber(option) : Number(text);
}

/** Moves a number into a parameter's limits and onto its steps. */
export function clamp(param: Param, x: number): number {
  const y = Math.min(Math.max(x, param.min), param.max);
  return param.step > 0 ? Math.min(param.max, param.min + Math.round((y - param.min) / param.step) * param.step) : y;
}

/** Tells what differs between two comparisons: the parameters of either side, and whether all of them can change during a run. */
export function changes(from: Comparison, to: Comparison): { ids: string[]; live: boolean } {
  const differing = catalog.params.filter((p) =>
    sides.some((s) => get(from[s], p) !== get(to[s], p) && (applies(p, from[s]) || applies(p, to[s]))),
  );
  return { ids: differing.map((p) => p.id), live: differing.every((p) => p.live) };
}

/** The parameters that A and B do not share although their control is common to both. */
export function unlike(c: Comparison): Param[] {
  return catalog.params.filter((p) => p.group !== 'objective' && get(c.a, p) !== get(c.b, p));
}

/** Returns what decides the pairs of an experiment, as a key. */
export function pairsKey(e: Experiment): string {
  return JSON.stringify([e.world, e.stakes, e.pairs, e.grader, e.model, e.seed]);
}
