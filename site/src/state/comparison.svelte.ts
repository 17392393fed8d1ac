// The settings of both sides: what a visitor has chosen, and what the runs were opened with.

import { catalog } from '../engine/catalog.gen';
import type { Comparison } from '../engine/protocol.gen';
import { changes, findParam, get, pairsKey, set, sides, type Side, type Value } from '../lib/params';

/** ComparisonState holds two experiments. Each change makes a new value, so that a value can be posted, kept and compared as it is. */
export class ComparisonState {
  current = $state.raw<Comparison>(catalog.comparison);
  /** What the open runs follow; null while none is open. */
  opened = $state.raw<Comparison | null>(null);
  /** What they began with, before a setting was changed while they ran. */
  began = $state.raw<Comparison | null>(null);

  /** The parameters that were changed since the runs were opened. */
  readonly changed = $derived(this.opened ? changes(this.opened, this.current).ids : []);
  readonly stale = $derived(this.changed.length > 0);
  readonly pairsKey = $derived(pairsKey(this.current.a));
  /** Whether the pairs of the open runs are those of the settings. */
  readonly samePairs = $derived(this.opened !== null && pairsKey(this.opened.a) === this.pairsKey);

  /** Gives a parameter a value on one side or on both, and tells whether that changed anything. */
  set(id: string, value: Value, only?: Side): boolean {
    const next = this.#with(this.current, id, value, only);
    const changed = changes(this.current, next).ids.length > 0;
    if (changed) this.current = next;
    return changed;
  }

  /** Notes that the open runs took over a value while they ran. */
  took(id: string, value: Value, only?: Side): void {
    if (this.opened) this.opened = this.#with(this.opened, id, value, only);
  }

  /** Returns a parameter's value on a side. */
  get(id: string, side: Side = 'a'): Value {
    return get(this.current[side], findParam(id));
  }

  #with(c: Comparison, id: string, value: Value, only?: Side): Comparison {
    const param = findParam(id);
    const next = { ...c };
    for (const side of only ? [only] : sides) next[side] = set(next[side], param, value);
    return next;
  }
}
