// What reward models are worth, in words.

import type { BestOf, Comparison, Experiment, RewardStudy } from '../engine/protocol.gen';
import { fixed, signed } from './format';

/** Returns the experiment whose pairs reward models learn from: B's, with the objective of the side that has a gamma. */
export function rewardExperiment({ a, b }: Comparison): Experiment {
  return b.objective.gamma > 0 || !(a.objective.gamma > 0) ? b : { ...b, objective: a.objective };
}

/** Whether the truth falls beyond chance while the model's liking grows. */
export const falls = (best: BestOf) => best.fall > best.fallHalf;

/** Says what choosing by the reward models brings. */
export function judgment(models: RewardStudy[]): string {
  const sentences = models.flatMap(({ method, best }) => {
    if (!best) return [];
    const most = best.true.length;
    const gain = best.true[most - 1]! - best.true[0]!;
    const own = best.own[most - 1]! - best.true[most - 1]!;
    const end = falls(best)
      ? `its picks are best at n = ${best.peak} and lose ${fixed(best.fall, 2)} points from there (± ${fixed(best.fallHalf, 2)}): over-optimization`
      : 'no fall beyond chance';
    const expected = `the model expects ${fixed(Math.abs(own), 2)} points ${own < 0 ? 'less' : 'more'} than that`;
    return `${method.title}: the best of ${most} is worth ${signed(gain, 2)} points over the reference; ${expected}; ${end}.`;
  });
  return sentences.join(' ');
}
