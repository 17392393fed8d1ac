// The sentences that follow from where a visitor is: what this is, what the run showed, what to try next.

import type { Objective } from '../engine/catalog.gen';
import type { Comparison, Experiment } from '../engine/protocol.gen';
import { fixed } from './format';
import { findObjective, findWorld, type Value } from './params';

/** What decides the next nudge. */
export interface Situation {
  comparison: Comparison;
  main: 'play' | 'pause' | 'again' | 'apply' | 'wait';
  recorded: boolean;
  diverged: boolean;
  step: number;
  missing: string; // what to import first, in a sentence
}

/** One thing to do next; change is what does it with one press. */
export interface Nudge {
  text: string;
  change?: { id: string; value: Value };
}

/** Says in one sentence what the page is about to do, or does. */
export function task(c: Comparison): string {
  const say = (e: Comparison['a']) => {
    const objective = findObjective(e.objective.id);
    return `by ${objective.title}, which is told ${told(objective)}`;
  };
  const world = findWorld(c.a.world);
  const what = world ? `the same graded pairs of ${world.texts}` : 'your graded pairs';
  return `Two copies of one small language model learn from ${what}: A ${say(c.a)}; B ${say(c.b)}.`;
}

/** Says what an objective learns of a pair's grades. */
function told(o: Objective): string {
  if (o.dealt) return 'by how much, but of another pair';
  if (o.graded) return 'by how much';
  return o.tied ? 'which one won, or that none did' : 'only which one won';
}

/** Returns what to do next. */
export function nudge(s: Situation): Nudge {
  const { a } = s.comparison;
  if (s.missing) return { text: s.missing };
  if (s.main === 'wait') return { text: '' };
  if (s.main === 'apply') return { text: 'Your changes wait for a restart: press the button above.' };
  if (s.diverged) return { text: 'A side diverged. Lower what it names, then start again.' };
  if (s.main === 'pause') {
    return {
      text:
        s.step < 20
          ? 'Both see the same pairs in the same order. Watch the true scores.'
          : 'Beta, gamma and the learning rate act at once: drag one.',
    };
  }
  if (s.main === 'play') return { text: s.recorded ? 'This run is a recording. Play your own.' : 'Press Play.' };
  return afterwards(a);
}

/** Returns the next thing worth changing after a run has ended. */
function afterwards({ grader: { levels, ties }, stakes, world }: Experiment): Nudge {
  if (levels === 0) return { text: 'Now give the rater only thumbs.', change: { id: 'levels', value: 2 } };
  if (levels === 2 && ties === 'keep') return { text: 'Now drop the ties: what did they carry?', change: { id: 'ties', value: 'drop' } };
  if (levels === 2) return { text: 'Now give the rater five stars.', change: { id: 'levels', value: 5 } };
  const own = findWorld(world)?.stakes;
  if (!own) return { text: 'Look at the held-out pairs in the scatter: do they follow the line, too?' };
  const next = own[own.findIndex((s) => s.id === stakes) + 1];
  if (next) return { text: `Now change the stakes: ${next.title.toLowerCase()}.`, change: { id: 'stakes', value: next.id } };
  return { text: 'One seed proves little. Roll the dice and see what stays; the lab below asks many.' };
}

/** The last figures of a side. */
export interface Outcome {
  score: number;
  accuracy: number;
  kl: number;
}

/** Says what a finished run showed, and no more than that. "" where nothing can be said. */
export function finding(a: Outcome, b: Outcome, imported: boolean): string {
  const [x, y] = imported ? [a.accuracy, b.accuracy] : [a.score, b.score];
  if (!Number.isFinite(x) || !Number.isFinite(y)) return '';
  const gap = imported ? 100 * (y - x) : y - x;
  const unit = imported ? 'percentage points of held-out accuracy' : 'points of true score';
  const who = gap === 0 ? 'A and B ended level' : `${gap > 0 ? 'B' : 'A'} ended ${fixed(Math.abs(gap), imported ? 1 : 2)} ${unit} ahead`;
  return `${who}, at a KL of ${fixed(a.kl, 1)} (A) and ${fixed(b.kl, 1)} (B). One seed can show a large gap, not a small one.`;
}

/** What a side ended in, and what a link says that it should have. */
export interface Repeated {
  fingerprint: string;
  claimed: string;
  altered: boolean; // settings were changed while it ran
}

/** Says whether both runs ended in what their link claims, and if not, which one did not and why that may be. */
export function verdict(a: Repeated, b: Repeated, maker: string, engine: string): { same: boolean; text: string } {
  const differing = Object.entries({ A: a, B: b }).filter(([, side]) => side.fingerprint !== side.claimed);
  if (differing.length === 0) return { same: true, text: 'Same run, bit for bit' };
  const who = differing.length === 2 ? 'Both sides differ' : `Side ${differing[0]![0]} differs`;
  let why = 'The fingerprints in the link may have been changed on its way.';
  if (differing.some(([, side]) => side.altered)) why = 'Settings or weights were changed while it ran.';
  else if (maker !== engine) why = `The link was made by engine ${maker}; this is engine ${engine}, which may round otherwise.`;
  return { same: false, text: `${who} from the run of the link. ${why}` };
}

/** Explains that both log-probabilities fell, on the sides that are named; "" where there are none. */
export function bothFell(names: string[]): string {
  if (names.length === 0) return '';
  return (
    `${names.join(' and ')}: chosen and rejected both became less likely. That is no error: the loss asks only for the difference ` +
    'between them, and what both lose goes to responses that are in neither column.'
  );
}
