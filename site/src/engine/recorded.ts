// The finished run that is on the page before the engine is.

import type { Paired, Samples, State } from './protocol.gen';

/** Evaluation is what a measurement shows beside its row. */
export type Evaluation = Pick<Samples, 'samples' | 'parts' | 'reliability'>;

/** Recording is one side of a recorded comparison. */
export interface Recording {
  rows: (number | null)[][]; // step, then the metrics of the catalog; null where not measured
  margins: number[]; // step, T, H, then T + H learned margins, as in TagMargins
  before: Evaluation;
  after: Evaluation;
  state: Pick<State, 'phase' | 'step' | 'steps' | 'fingerprint'>;
}

/** Recorded is what `margins record` writes. */
export interface Recorded {
  engine: string; // the version of the engine that made it
  link: string;
  paired: Pick<Paired, 'summary' | 'pairs'>;
  a: Recording;
  b: Recording;
}

/** Fetches the recorded run; null where it cannot be had, for it is no more than a convenience. */
export async function fetchRecorded(): Promise<Recorded | null> {
  try {
    const response = await fetch('recorded/default.json');
    return response.ok ? ((await response.json()) as Recorded) : null;
  } catch {
    return null;
  }
}
