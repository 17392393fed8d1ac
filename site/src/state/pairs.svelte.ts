// The graded pairs that the settings make.

import type { Engine } from '../engine/engine';
import type { Comparison, Experiment, Paired, Progress } from '../engine/protocol.gen';
import { pairsKey } from '../lib/params';
import { sentence } from './data.svelte';

/** Pairs asks for the pairs of an experiment and keeps the last answer. */
export class Pairs {
  paired = $state.raw<Pick<Paired, 'summary' | 'pairs'> | null>(null);
  /** What decides the pairs that are kept. */
  key = $state('');
  /** The experiment that they are of: the settings may have moved on. */
  experiment = $state.raw<Experiment | null>(null);
  waiting = $state(false);
  /** Why there are none for the settings, in a sentence. */
  hint = $state('');
  #asked = '';

  /** Makes the pairs of a comparison's first side, unless they are there. A reference that must be fitted first is left for Play. */
  async refresh(engine: Engine, comparison: Comparison, fitted = false): Promise<void> {
    const experiment = comparison.a;
    const key = pairsKey(experiment);
    if (this.key === key && this.paired) {
      this.hint = '';
      this.#asked = key;
      return;
    }
    if (!fitted && !engine.ready(experiment)) {
      this.hint = 'Pairs appear once the model has been fitted: press the button above.';
      return;
    }
    this.#asked = key;
    this.waiting = true;
    try {
      const attachments = await engine.materials(experiment);
      // A judge that is a model learns first.
      const progress = ({ label }: Progress) => void (this.#asked === key && (this.hint = label));
      const { message } = await engine.data.ask('pairs', { experiment }, { attachments, progress });
      if (this.#asked !== key) return; // settings moved on meanwhile
      this.show(message, experiment);
    } catch (error) {
      if (this.#asked === key) this.hint = sentence(error);
      if (fitted) throw error;
    } finally {
      if (this.#asked === key) this.waiting = false;
    }
  }

  /** Shows pairs that came from elsewhere. */
  show(paired: Pick<Paired, 'summary' | 'pairs'>, experiment: Experiment): void {
    this.paired = paired;
    this.experiment = experiment;
    this.key = pairsKey(experiment);
    this.hint = '';
  }
}
