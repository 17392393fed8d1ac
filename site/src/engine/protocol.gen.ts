// Written from wasm/protocol.go by `go test ./wasm -run TestTypeScript -update`; changes are made there.

/** What a worker says; its type tells which message it is. */
export type Message =
  | Failed
  | Progress
  | Imported
  | Listed
  | Previewed
  | Loaded
  | Fitted
  | Paired
  | Surveyed
  | Prepared
  | Opened
  | LinkRead
  | LinkWritten
  | Kept
  | Recalled
  | Saved
  | Adopted
  | WeightsSaved
  | WeightsLoaded
  | Inspected
  | Embedded
  | Rewarded
  | RunRead
  | Planned
  | Taken
  | Completed
  | Added
  | Judged
  | Shown
  | State
  | Samples;

/** Request is a message from the page. Which fields are set depends on Type. */
export interface Request {
  id: number;
  type: RequestType;
  experiment?: Experiment; // pairs, fit, open, load
  offset?: number; // preview
  limit?: number; // preview
  dataset?: string; // preview, delete, restore
  name?: string; // import: the file's name
  size?: number; // import: the file's size in bytes
  link?: string; // readLink: a URL fragment
  comparison?: Comparison; // writeLink
  claim?: Claim; // writeLink: fingerprints of the finished runs, if there are any
  stepRate?: number; // play: most steps a second; 0 is as fast as the machine can
  changes?: Choose; // set: the objective's parameters from now on
  lr?: number; // set: the learning rate from now on
  pair?: number; // inspect: its place in the order of TagMargins
  sweep?: Sweep; // plan
  tune?: number; // plan: seeds on which the objectives are tuned first; 0 runs them as they are
  readout?: string; // judge: a metric's id, or "score_at_kl"
  kl?: number; // judge: where score_at_kl is read, nats; 0 is as far as all runs went
  key?: string; // keep, recall: what bytes are kept under
  to?: number; // seek: a step among State.Stored
}

/** Failed answers a request that could not be done. Nothing that was there before is lost. */
export interface Failed {
  id: number;
  type: 'failed';
  code: string; // for programs: "bad-file", "no-dataset", "canceled", ...
  message: string; // for people: what is wrong and where
}

/** Progress tells how far a long request is. */
export interface Progress {
  id: number;
  type: 'progress';
  done: number; // 0 to 1
  label: string; // "1,200 rows read", "step 80 of 400, loss 3.21"
}

/** Imported answers Import. */
export interface Imported {
  id: number;
  type: 'imported';
  dataset: Info;
  report: Report;
}

/** Listed answers List, Delete and Restore: the data sets that are not in the trash. */
export interface Listed {
  id: number;
  type: 'listed';
  datasets: Info[];
  lasting: boolean; // false where the browser gives no storage: all is gone with the tab
  notice?: string;
}

/** Previewed answers Preview. */
export interface Previewed {
  id: number;
  type: 'previewed';
  offset: number;
  total: number;
  records: Record[];
}

/** Loaded answers Load; its attachment "data" holds the records that mmpo.Draw names. */
export interface Loaded {
  id: number;
  type: 'loaded';
  dataset: Info;
}

/** Fitted answers Fit; its attachment "reference" is the checkpoint. */
export interface Fitted {
  id: number;
  type: 'fitted';
  fingerprint: string;
  loss: number; // nats per token on held-out texts
  kept: boolean; // found in or saved to the store
}

/** Paired answers Pairs: what a run would train on, before it starts. */
export interface Paired {
  id: number;
  type: 'paired';
  summary: PairSummary;
  pairs: PairView[]; // the training pairs in their order, then the held-out ones: the order of TagMargins
}

/** Surveyed answers Frontier. */
export interface Surveyed {
  id: number;
  type: 'surveyed';
  done: number; // 0 to 1
  frontier: Frontier | null; // once Done is 1; null before
}

/** Prepared answers Prepare. */
export interface Prepared {
  id: number;
  type: 'prepared';
}

/** Opened answers Open. */
export interface Opened {
  id: number;
  type: 'opened';
  experiment: Experiment;
  summary: PairSummary;
}

/** LinkRead answers ReadLink. Notices say what was moved to a limit or ignored. */
export interface LinkRead {
  id: number;
  type: 'linkRead';
  comparison: Comparison;
  notices: string[];
  claim: Claim; // what its runs should end in
}

/** LinkWritten answers WriteLink. */
export interface LinkWritten {
  id: number;
  type: 'linkWritten';
  link: string; // a URL fragment without its #
}

/** Kept answers Keep. */
export interface Kept {
  id: number;
  type: 'kept';
  lasting: boolean; // whether it outlives the tab
}

/** Recalled answers Recall. */
export interface Recalled {
  id: number;
  type: 'recalled';
}

/** Saved answers Save; its attachment "checkpoint" is the run as it is. */
export interface Saved {
  id: number;
  type: 'saved';
  step: number;
}

/** Adopted answers Adopt. */
export interface Adopted {
  id: number;
  type: 'adopted';
}

/** WeightsSaved answers SaveWeights; its attachment "weights" is the policy as a safetensors file. */
export interface WeightsSaved {
  id: number;
  type: 'weightsSaved';
  step: number;
}

/** WeightsLoaded answers LoadWeights: in the checkpoint that it attaches the file's weights are the policy. */
export interface WeightsLoaded {
  id: number;
  type: 'weightsLoaded';
  fingerprint: string;
}

/**
 * Inspected answers Inspect. Its attachment "attention" holds little-endian float32: the maps of the chosen response and the prompt, then
 * those of the rejected one, each layer after layer and head after head. A map is [T,T], T the number of the prompt's and the response's
 * tokens less one: row i says how much token i takes from each token j <= i.
 */
export interface Inspected {
  id: number;
  type: 'inspected';
  inspection: Inspection;
}

/** Embedded answers Embed. */
export interface Embedded {
  id: number;
  type: 'embedded';
  map: EmbeddingMap;
}

/** Rewarded answers Reward: a reward model by each of mmpo.RewardMethods, trained on the experiment's pairs. */
export interface Rewarded {
  id: number;
  type: 'rewarded';
  models: RewardStudy[];
}

/** RunRead answers ReadRun: how well the run's policy judges the held-out pairs by its implicit reward. */
export interface RunRead {
  id: number;
  type: 'runRead';
  reading: Reading;
}

/** Planned answers Plan. */
export interface Planned {
  id: number;
  type: 'planned';
  sweep: Sweep;
  link: string; // a URL fragment without its #
  notices: string[];
  standing: Standing;
}

/** Taken answers Take. */
export interface Taken {
  id: number;
  type: 'taken';
  experiment: Experiment | null; // null when nothing waits
  later: boolean; // whether something will, once the objectives are tuned
}

/** Completed answers Complete; its attachment "data" is the trial, for Add. */
export interface Completed {
  id: number;
  type: 'completed';
}

/** Added answers Add. */
export interface Added {
  id: number;
  type: 'added';
  standing: Standing;
  kept: boolean; // whether it outlives the tab
  sweep?: Sweep; // where this run ended the tuning: the sweep as it goes on
  link?: string; // of that
}

/** Judged answers Judge. */
export interface Judged {
  id: number;
  type: 'judged';
  summary: Summary;
  verdicts: Verdict[];
  /** Reference is the readout before any step: a line to compare with. Null where it is not measured then. */
  reference: number | null;
}

/** Shown answers Show. */
export interface Shown {
  id: number;
  type: 'shown';
  trials: Trial[];
}

/** State tells where a run is. It is sent on every change of Phase and, while running, at most 30 times a second. */
export interface State {
  id: number;
  type: 'state';
  phase: Phase;
  step: number;
  steps: number;
  stepsPerSecond: number;
  fingerprint?: string; // SHA-256 of the final weights, in hexadecimal; only when done
  altered?: number; // the step at which a setting was first changed during the run, plus 1
  stored: number[]; // steps that Seek can go to, ascending
  message?: string; // diverged: what happened and what to lower
}

/** Samples shows what the policy writes for a few held-out prompts, always with the same sampling seed. */
export interface Samples {
  id: number;
  type: 'samples';
  step: number;
  samples: SampleView[];
  /**
   * What an evaluation found beside its row: mean points of each part of the true score of all samples, in the order of the world's
   * attributes, empty where nobody knows them; and how sure the policy was of held-out pairs.
   */
  parts: Part[];
  reliability: Reliability;
}

/** RequestType says what is asked. */
export type RequestType =
  | 'import' // file -> Progress..., Imported
  | 'list' // -> Listed
  | 'preview' // dataset, offset, limit -> Previewed
  | 'delete' // dataset -> Listed; the data set goes to the trash
  | 'restore' // dataset -> Listed; it comes back from the trash
  | 'load' // experiment -> Loaded with attachment "data"
  | 'fit' // experiment -> Progress..., Fitted with attachment "reference"
  | 'pairs' // experiment, reference, (data) -> Paired
  | 'readLink' // link -> LinkRead
  | 'writeLink' // comparison -> LinkWritten
  | 'keep' // key, checkpoint -> Kept; no checkpoint forgets the key
  | 'recall' // key -> Recalled, with attachment "checkpoint" if there are bytes under the key
  | 'prepare' // as for open -> Prepared: an open of the same experiment will start at once
  | 'open' // experiment, reference, (data), (checkpoint to go on from) -> Opened, then State and Samples
  | 'play' // stepRate -> State...
  | 'pause' // -> State
  | 'step' // one optimizer step -> State
  | 'set' // changes, lr -> State; the run is no longer the link's
  | 'save' // -> Saved with attachment "checkpoint"
  | 'seek' // to -> State, floats and Samples of that step; playing goes on from there
  | 'adopt' // checkpoint -> Adopted, State and Samples; the run is held where its checkpoint is
  | 'inspect' // pair -> Inspected with attachment "attention"
  | 'embed' // -> Embedded
  | 'readRun' // -> RunRead
  | 'saveWeights' // -> WeightsSaved with attachment "weights"
  | 'loadWeights' // weights -> WeightsLoaded with attachment "checkpoint", for Adopt; it is no longer the link's
  | 'reward' // experiment, reference, (data) -> Progress..., Rewarded
  | 'frontier' // experiment, reference -> Surveyed; asked again until it is done, since each does a short piece
  | 'plan' // sweep or link, (tune) -> Planned: what of it is to be run
  | 'take' // (experiment that the worker ran last) -> Taken
  | 'complete' // experiment, reference, (data) -> Progress..., Completed with attachment "data"
  | 'add' // data as Completed attached it -> Added
  | 'judge' // readout, kl -> Judged
  | 'show' // -> Shown
  | 'share' // -> LinkWritten: the sweep's link, with what its runs came to
  | 'stop'; // cancels a fit or an import under way; the request then ends in Failed with code "canceled"

/** Experiment is everything that determines a run: the same experiment gives the same weights, bit for bit. */
export interface Experiment {
  world: string; // a toy world's id, or "data:" and the hash of an imported data set
  stakes: string;
  pairs: number;
  grader: Grader;
  objective: Choose;
  model: Model;
  train: Train;
  seed: number;
}

/** Comparison is two experiments that start from the same weights, pairs, batches and sampling seeds as far as their settings agree. */
export interface Comparison {
  a: Experiment;
  b: Experiment;
}

/** Claim is what a link says that its runs end in, for those who repeat them. A link need not claim anything. */
export interface Claim {
  engine: string; // EngineVersion of who made the link, "" if it claims nothing
  a: string; // fingerprint of side A
  b: string;
}

/** Choose names an objective and sets its parameters; an objective ignores those that it does not have. */
export interface Choose {
  id: string;
  beta: number; // strength of the pull to the reference: h = beta (rho_w - rho_l)
  gamma: number; // target reward margin per point of graded margin
  smoothing: number; // share of labels presumed wrong
  alpha: number; // lead that is asked for, in reward per point of f(m)
  form: string; // f of that lead: "identity" or "log"
  lead: number; // lead that is asked for of every pair, in reward
  draw: number; // chance that two equally good responses tie
}

/** Sweep is many experiments: a base, settings that take several values each, and seeds at which every combination is run. */
export interface Sweep {
  base: Experiment;
  axes: Axis[]; // the objective, and at most two others
  seeds: number; // Base.Seed and those after it
  /** Settings are those of objectives on an axis that do not run at their own defaults. An axis of such a setting itself goes before. */
  settings: Choose[];
  tuning?: Tuning; // where the settings come from, if from a tuning; no part of the link
}

/** Info describes a stored data set. */
export interface Info {
  id: string; // "data:" and 16 hexadecimal digits of the SHA-256 of records and scale: links name it
  name: string; // of the file it came from
  format: string; // id of the recognized format
  records: number; // comparisons
  prompts: number; // distinct prompts
  ties: number; // comparisons of equal scores
  scale: Scale; // what the file's scores were given on; records are read in points
  added: number; // milliseconds since 1970 UTC
  trashed: number; // the same, when it was put into the trash; 0 if it is not there
}

/** Report tells what an import found in a file. Rows = Used + the counts of Skipped. */
export interface Report {
  format: string; // id of the recognized format
  formatTitle: string; // the same for people
  grade: string; // in one sentence, what was read as the grade and how it became a margin
  container: string; // "JSON array", "JSON lines" or "CSV", and ", gzip"
  unit: string; // what the examples' numbers count: "line", or "row" of a JSON array
  rows: number; // rows read
  used: number; // rows that became comparisons, or parts of some
  comparisons: number; // what they became: a row with four completions is up to six
  leftOut: number; // comparisons that used rows do not give: a response has no grade, is empty, or equals another
  swapped: number; // comparisons whose first response, called chosen in most formats, had the lower score
  ties: number; // comparisons of equal scores; they are kept
  duplicates: number; // comparisons whose prompt and responses occurred before; they are kept
  prompts: number; // distinct prompts
  skipped: Skip[]; // rows left out, the most frequent reason first
  examples: Example[]; // the first rows left out, in the order of the file
  scale: Scale;
  histogram: number[]; // comparisons by margin, 18 bins of half a point from 0; a margin of 9 is in the last
  existing: boolean; // the store had this data set already (perhaps in the trash, which it then left)
}

/** Record is one comparison as text: what a file holds and the store keeps. */
export interface Record {
  prompt: string;
  chosen: string;
  rejected: string;
  /** ScoreChosen >= ScoreRejected, both in points of the scale from 1 to 10. */
  score_chosen: number;
  score_rejected: number;
}

/** PairSummary describes the pairs of an experiment. */
export interface PairSummary {
  train: number; // pairs to learn from
  heldOut: number; // pairs of prompts that are never trained on
  ties: number; // training pairs with m = 0
  dropped: number; // tied training pairs left out, as the grader says
  cut: number; // imported texts that were longer than the model's context
  meanTrue: number; // mean true score of the reference's responses, points; 0 where unknown
  histogram: number[]; // training pairs by margin, 18 bins of half a point from 0; a margin of 9 is in the last
  effort: Effort; // what the feedback on the training pairs took, dropped ties included
}

/** PairView shows one graded pair to a person. */
export interface PairView {
  prompt: string;
  chosen: string;
  rejected: string;
  /** Grades as the rater gave them, in points. */
  scoreChosen: number;
  scoreRejected: number;
  /** True scores in points; null where nobody knows them. */
  trueChosen: number | null;
  trueRejected: number | null;
  margin: number; // m, points
  heldOut: boolean;
}

/** Frontier is the best mean true score that any policy can have at a given KL to the reference. */
export interface Frontier {
  reference: FrontierPoint; // at a KL of 0; its lambda, which is infinite, is written as 0
  points: FrontierPoint[]; // by ascending KL
  sampled: boolean; // whether it is estimated from samples, not exact
  prompts: number;
  responses: number; // a prompt, at the most
  stopped: string; // why no point has a larger KL, a sentence
}

/** Inspection is one pair as the policy and the reference see it, token by token. */
export interface Inspection {
  step: number;
  loss: number; // of this pair alone
  margin: number; // h, learned
  prompt: string[]; // its tokens
  chosen: TokenView[];
  rejected: TokenView[];
  layers: number;
  heads: number;
}

/** EmbeddingMap shows where the policy has put the tokens of the vocabulary. */
export interface EmbeddingMap {
  step: number;
  tokens: string[];
  points: number[][]; // one a token: its coordinates along the principal axes of all token embeddings
  shares: number[]; // the share of their variance along each axis
}

/** RewardStudy is what one method's reward model came to. */
export interface RewardStudy {
  method: RewardMethod;
  fingerprint: string; // SHA-256 of the final weights
  reading: Reading;
  best: BestOf | null; // nil where nobody knows the true score
}

/**
 * Reading says how well something that scores responses, a reward model or a policy by its implicit reward, judges held-out pairs. What is
 * not defined, and what nobody knows, is nil.
 */
export interface Reading {
  accuracy: number | null; // share of untied pairs whose chosen response scores higher; equal scores count half
  margins: AccuracyBin[]; // the same by graded margin
  ece: number | null; // of sigma(h) against the rater's choice, as Calibrate has it
  brier: number | null;
  nll: number | null; // nats
  /** Correlation of score and true score over all responses of the pairs. */
  pearson: number | null;
  spearman: number | null;
}

/** Standing tells how far a sweep is. Experiments that differ only in what their objective does not read are one run. */
export interface Standing {
  runs: number;
  done: number;
  left: number; // seconds of work that are left, of one worker
  known: boolean; // whether any run was measured to tell that from
  tuning: boolean; // whether these runs are those that tune the objectives; the sweep's come after them
  claimed: number; // runs whose results the link told
  agree: number; // of them, those that were repeated here and came to the same bits
  differ: number; // and those that came to others
}

/** Summary is what a sweep's trials say of one readout. */
export interface Summary {
  readout: Readout;
  kl: number; // at which ScoreAtKL is read, nats
  reach: number; // the largest mean KL at which the runs of a point end, nats; 0 where no run is
  points: Point[]; // by place on the axes, the last axis fastest
  planned: number; // seeds of every point
}

/**
 * Verdict is a sentence about a sweep that its data allow, and what it rests on.
 *
 * Nothing is said before all planned seeds are in: whoever looks after every seed and stops at the first difference finds one too often.
 * (Adding seeds because a verdict was open is such a look, too; twice as many with one look between them call differences where
 * there are none in 9 of 100 cases, not 5. TestLookingTwice measures it.)
 */
export interface Verdict {
  kind: VerdictKind;
  text: string;
  from: number; // the points that were compared, by place in Summary.Points
  to: number;
  difference: Difference; // of To less From
  corrected: number; // its p-value, corrected for all that were compared
  family: number; // how many those were
  more: number; // about how many more seeds would decide what is open; 0 if nothing is or nobody knows
}

/** Trial is one run of a sweep and what it came to. It is kept by its key, in a file as one line of JSON. */
export interface Trial {
  key: string; // Experiment.Key of its engine
  engine: string; // EngineVersion of who ran it
  link: string; // repeats it
  experiment: Experiment;
  metrics: { [id: string]: number }; // by id, those of the last row that are numbers
  path: Checkpoint[]; // the run on its way, from the reference on
  parts: { [id: string]: number }; // mean points by attribute of the world, of the responses at the end
  samples: SampleView[]; // some of those responses
  /** Fingerprint is the SHA-256 of the final weights, or of the last sound ones. */
  fingerprint: string;
  diverged?: string; // what happened, if it did
  seconds: number; // that the run took on the clock, pairs and evaluations included
}

/** Phase is the state of a run. */
export type Phase = 'ready' | 'running' | 'paused' | 'done' | 'diverged';

/** SampleView is one response that a model wrote. */
export interface SampleView {
  prompt: string;
  text: string;
  score: number | null; // true score, points; null where nobody knows it
  valid: boolean;
}

/** Part is one attribute's contribution to a true score, in points; it may be negative. */
export interface Part {
  id: string;
  points: number;
}

/** Reliability holds the bins of held-out pairs by how sure the policy is of them, from a confidence of 1/2 to 1. */
export interface Reliability {
  preference: ReliabilityBin[]; // against the rater's true preference probability; empty where nobody knows it
  outcome: ReliabilityBin[]; // against which response the rater did prefer
}

/**
 * Grader is the raters of an experiment by their parts: what they are asked, how they err, on which scale they answer, and what becomes
 * of their answers. A part at its zero value, or at what it says of itself as "none", is left out.
 *
 * A rater has an impression of a response,
 *
 * 	impression = score + Longer (tokens - the pool's mean tokens) + Polish adornments + Bias + Noise z,  z ~ Normal(0, 1),
 *
 * and answers by a level: of the response, from the impression, clipped to 1..10 and squeezed into Low..High; or of two responses, from
 * the difference of their impressions. Every random part has a stream of its own, so that changing one leaves the others alone.
 */
export interface Grader {
  asks: string; // AskGrades or AskComparison
  levels: number; // how many answers there are; 0 for any number
  cuts: string; // CutsEven or CutsQuantiles; of grades
  cut: number; // of two levels with even cuts: where the upper one begins, points; 0 for the middle
  rounding: string; // RoundNearest or RoundRandom
  noise: number; // standard deviation of a rater's error, points
  bias: number; // what a rater adds to every score, points
  low: number; // ends of the part of the scale that a rater uses, points, in either order: 1 and 10, or 0 and 0, for all
  high: number;
  lazy: number; // share of answers that are clicked blindly, every level alike
  longer: number; // what a token more than the mean of the pool is worth, points
  polish: number; // what an adornment is worth beyond its true score, points
  raters: number; // who judge each pair; 0 counts as 1
  habits: string; // HabitsAll or HabitsFirst: who has the bias, the part of the scale, the laziness and the tastes
  combine: string; // CombineMean, CombineMajority or CombineKeep
  ties: string; // TiesKeep, TiesDrop or TiesCoin
  seconds: number; // what a judgement takes; 0 for what Costs says
  /**
   * Judge is how many pairs the model was trained on whose score takes the true one's place: a judge that errs by what it has not learned.
   * 0 stands for people, who see the true score.
   */
  judge: number;
}

/** Model is the transformer's size. */
export interface Model {
  width: number;
  layers: number;
  heads: number;
}

/** Train says how the objective is minimized. */
export interface Train {
  steps: number;
  batch: number; // pairs a step
  lr: number; // peak learning rate; a cosine takes it to a tenth
  decay: number; // decoupled weight decay of the matrices, scaled by the learning rate
  clip: number; // largest L2 norm of the gradient
  /** Evaluate is how many steps lie between measurements on held-out pairs and samples. It changes no weight. */
  evaluate: number;
}

/** Axis is a setting that a sweep varies. */
export interface Axis {
  param: string; // id in Params
  values: string[]; // as links write them, in the order of the figure
}

/**
 * Tuning says how the objectives of a sweep came by their settings: each was run at as many of them, on seeds that the sweep itself does
 * not use, and took the best. So that what is compared is not whose defaults were chosen better.
 */
export interface Tuning {
  readout: string; // id of what was to be as high as possible, at the end of a run
  first: number; // seed; those after it follow
  seeds: number; // runs at each of the settings
  objectives: Tuned[];
}

/** Scale is the range of grades that a file's raters could give. */
export interface Scale {
  min: number;
  max: number; // > Min
  how: string; // how it was found: ScaleDeclared, ScaleFormat, ScaleAssumed, ScaleGuessed or ScaleObserved
}

/** Skip counts the rows that were left out for one reason. */
export interface Skip {
  reason: string; // "score_chosen is missing"
  count: number;
}

/** Example is one row that was left out. */
export interface Example {
  row: number; // line of the file or row of the array, from 1
  reason: string; // with the offending value: "score_rejected is not a number: N/A"
}

/** Effort is what the feedback on some pairs takes and holds. */
export interface Effort {
  judgements: number; // answers given: two a pair and rater where grades are asked for, one where a comparison is
  bits: number; // the most that they can hold: log2 of the levels for each; any number counts as one of 100
  entropy: number; // what they held: bits in all, by how often each answer was given
  minutes: number; // of raters' time
}

/** FrontierPoint is what the best policy reaches at one lambda. All are means over prompts. */
export interface FrontierPoint {
  lambda: number; // points a nat
  kl: number; // nats a response
  score: number; // true score, points
  parts: number[]; // of the score, in the order of the world's attributes
  ess: number; // effective sample size of a prompt; 0 where nothing was sampled
}

/** TokenView is one token of a response. */
export interface TokenView {
  text: string;
  policy: number; // log-probability, nats
  reference: number; // likewise
  /**
   * Gradient is the derivative of the pair's loss by Policy, and Push what a step against the gradient does to the token's own logit: minus
   * the derivative of the loss by it, -Gradient (1 - p). A token that the policy is sure of is hardly pushed.
   */
  gradient: number;
  push: number;
  top: NextView[]; // the policy's likeliest tokens at this place, the likeliest first
  referenceTop: NextView[];
}

/**
 * RewardMethod is one way to train a reward model: the transformer with a scalar head that begins from the reference's weights. Its loss of
 * a pair is that of an objective, with h = r(x, y_w) - r(x, y_l), the difference of two scores, in place of the policy's reward margin.
 */
export interface RewardMethod {
  id: string;
  title: string;
  help: string; // one plain sentence
  source: string;
}

/**
 * BestOf tells what becomes of the response that a reward model likes best among n of the reference's, for n from 1, which is the
 * reference itself, to 64. Entry i of each list is of n = i + 1.
 */
export interface BestOf {
  true: number[]; // mean true score of the pick, points
  own: number[]; // mean score that the model itself gives its pick, read in points
  kl: number[]; // bound of the policy's distance from the reference, nats: BestOfKL
  peak: number; // the n of the largest true score
  fall: number; // how much lower the true score is at the largest n, points
  /**
   * Half the 95 % interval of Fall, two standard errors over prompts. A Fall beyond it is over-optimization (Gao et al. 2022, arXiv
   * 2210.10760): the model's liking goes on growing where the truth no longer does.
   */
  fallHalf: number;
}

/** AccuracyBin is the accuracy on the pairs whose graded margin is more than From and at most To points. */
export interface AccuracyBin {
  from: number;
  to: number;
  pairs: number;
  accuracy: number | null; // nil if there are no such pairs
}

/** Readout is a number that a sweep is judged by. */
export interface Readout {
  id: string; // a metric's, ScoreAtKL, or "part/" and an attribute's
  title: string;
  unit?: string;
  /** Worth is the smallest difference that counts, in the unit: a verdict of "nothing is gained" rules out this much. 0: no such verdict. */
  worth: number;
}

/** Point is one place on the axes. */
export interface Point {
  at: number[];
  median: number | null; // null without a number
  mean: Estimate;
  seeds: SeedValue[]; // those with a number
  missing: number; // runs that are not there
  diverged: number; // runs that diverged; they have no number
  /** Feedback is how much of it a run asks for, by the id of each of Abscissas. */
  feedback: { [id: string]: number };
}

/** VerdictKind says what a verdict amounts to. */
export type VerdictKind =
  | 'early' // seeds are still missing, or fewer than MinSeeds
  | 'open' // the data cannot tell
  | 'enough' // from a value on nothing more is gained
  | 'gains' // even the last value gains something
  | 'higher' // the second is higher
  | 'lower' // the second is lower
  | 'alike' // a difference that counts is ruled out
  | 'best'; // where a line is highest

/** Difference is what separates two cells of a sweep that share their seeds, and with them pairs, batches and sampling. */
export interface Difference extends Estimate {
  larger: number; // seeds at which the second is larger
  smaller: number; // seeds at which it is smaller
  p: number; // two-sided, of Student's paired test; 1 if N < 2
  signP: number; // two-sided, of the sign test
}

/** Checkpoint is what samples said of a run after a step. */
export interface Checkpoint {
  step: number;
  metrics: { [id: string]: number }; // by id, those whose split is "samples" and that are numbers
}

/**
 * ReliabilityBin is what became of the pairs of like confidence: the model prefers one response of a pair, and its confidence in that,
 * sigma(|h|), is from 1/2 to 1. (A pair has no order of its own. Chosen first would make every outcome a 1, and leave nothing to calibrate.)
 */
export interface ReliabilityBin {
  count: number;
  confidence: number; // mean of sigma(|h|); 0 in an empty bin
  agreement: number; // mean chance that the rater prefers the same response; 0 in an empty bin
}

/** Tuned is one objective's part of a tuning. */
export interface Tuned {
  tried: Tried[];
  chosen: number; // place in Tried
}

/** NextView is a token that may come next. */
export interface NextView {
  text: string;
  prob: number;
}

/** Estimate is a mean over seeds with its 95 % confidence interval, Mean - Half to Mean + Half, by Student's t. */
export interface Estimate {
  mean: number;
  half: number; // 0 if N < 2: one seed has no interval
  sd: number; // standard deviation of the seeds, with N - 1; 0 if N < 2
  n: number;
}

/** SeedValue is the readout of one run. */
export interface SeedValue {
  seed: number;
  value: number;
  key: string;
}

/** Tried is what an objective came to at some settings. */
export interface Tried {
  objective: Choose;
  mean: Estimate; // of the readout over the runs that have it
  failed: number; // runs that diverged, or have no number
}

/**
 * Floats is sent beside the JSON messages: a transferred Float32Array with a tag.
 * TagRows: rows of 1 + len(mmpo.Metrics) values, step first, then the metrics in the order of their table, NaN where not measured.
 * TagMargins: step, then the number of training pairs T, of held-out pairs H, then T + H learned margins h.
 */
export const TagRows = 1;
export const TagMargins = 2;
