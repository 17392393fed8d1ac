// How things stand, in words.

import type { Playground } from '../state/playground.svelte';
import { fixed } from './format';

/** Says where the runs are and what they have reached. */
export function say(p: Playground): string {
  if (p.engineFailure) return 'No engine';
  const { a, b } = p.runs;
  if (p.recorded) return 'A recorded run';
  if (!p.open) return p.engine ? 'Ready' : 'Loading the engine';
  if (a.phase === 'diverged' || b.phase === 'diverged')
    return `Diverged: ${[a.phase === 'diverged' && 'A', b.phase === 'diverged' && 'B'].filter(Boolean).join(' and ')}`;
  const [x, y] = [a.table.last('true_score'), b.table.last('true_score')];
  const scores = Number.isFinite(x) && Number.isFinite(y) ? `: true score A ${fixed(x, 2)}, B ${fixed(y, 2)}` : '';
  if (p.over) return `Done${scores}`;
  return `${p.running ? 'Running, step' : 'At step'} ${p.step} of ${p.steps}${scores}`;
}
