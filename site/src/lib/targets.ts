// Where the margins of pairs should lie, by the objectives that are compared.

import type { Objective } from '../engine/catalog.gen';
import type { Comparison } from '../engine/protocol.gen';
import { findObjective, sides, type Side } from '../lib/params';

/** Target says which side's objective asks for the target margin gamma m. */
export interface Target {
  side: Side | null; // null where neither objective matches margins
  gamma: number; // reward margin per point; 1 where side is null, so that gamma m is m in points
}

/** Tells whether an objective asks each pair for gamma times its own margin. */
export function asksForMargins(o: Objective): boolean {
  return o.matches && !o.dealt;
}

/** Returns the target of a comparison: B's, if its objective matches margins, else A's. */
export function targetOf(c: Comparison): Target {
  const side = [...sides].reverse().find((s) => asksForMargins(findObjective(c[s].objective.id))) ?? null;
  return { side, gamma: side ? c[side].objective.gamma : 1 };
}
