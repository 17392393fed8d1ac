// How far a policy's confidence can be trusted, in words.

import type { ReliabilityBin } from '../engine/protocol.gen';
import { percent } from './format';

/** Returns the mean of confidence minus agreement over the pairs of all bins; NaN where there are none. */
export function surplus(bins: readonly ReliabilityBin[]): number {
  let [sum, pairs] = [0, 0];
  for (const b of bins) {
    sum += b.count * (b.confidence - b.agreement);
    pairs += b.count;
  }
  return sum / pairs;
}

/** Says what the bins and their expected calibration error mean. */
export function trust(bins: readonly ReliabilityBin[], ece: number): string {
  const over = surplus(bins);
  if (!Number.isFinite(over) || !Number.isFinite(ece)) return '';
  if (ece < 0.03) return `Calibrated: its confidence is off by ${percent(ece, 1)} on average.`;
  const way = Math.abs(over) < ece / 2 ? 'here too high, there too low' : over > 0 ? 'it is too sure' : 'it is not sure enough';
  return `Its confidence is off by ${percent(ece, 1)} on average: ${way}.`;
}
