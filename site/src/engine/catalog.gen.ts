// Written from mmpo's and datasets' tables by `go test ./wasm -run TestTypeScript -update`; changes are made there.

import type { Comparison, Model } from './protocol.gen';

/** Catalog is what the page knows before a worker is up: everything that can be set, trained and measured. Its order is the page's. */
export interface Catalog {
  linkVersion: string;
  engine: string; // version of the engine; another one may give other bits
  params: Param[];
  objectives: Objective[];
  metrics: Metric[]; // the order of the floats in a row, after the step
  worlds: World[];
  references: ShippedReference[]; // the page fetches references/ and the file
  comparison: Comparison; // what the page shows when no link says otherwise
}

/**
 * Param declares one thing that a person can set. Controls, links, their validation and the native program's flags are all made
 * from these entries.
 */
export interface Param {
  id: string; // permanent, lower-case: the key in links
  title: string;
  help: string; // one plain sentence
  unit?: string;
  group: string; // where its control stands: data, grader, objective, train or model
  kind: Kind;
  /** Limits of a number; Scale "log" asks for a slider on a logarithmic axis. */
  min: number;
  max: number;
  step: number; // 0: continuous
  scale?: string;
  default: string;
  /** Options are a choice's values in the order of the page. */
  options?: Option[];
  live: boolean; // acts during a run, without a restart
}

/** Objective is one way to learn from a pair. Its loss is paired or unpaired, never both; a step averages it over the batch's pairs. */
export interface Objective {
  id: string; // permanent: it lives in links
  title: string;
  formula: string; // TeX, the loss of one pair
  optimum: string; // TeX, the h that minimizes it
  ties: string; // what a pair with m = 0 does
  help: string; // one plain sentence
  source: string;
  reward: Reward; // what h is the difference of: sums over tokens, or averages
  graded: boolean; // whether the loss depends on how large m is
  tied: boolean; // whether a tie is an outcome of its own, beside winning and losing
  matches: boolean; // whether the loss is least at h = gamma m: the learned margin then matches the graded one
  dealt: boolean; // a control: each training pair is told the margin of another one
  params: Setting[]; // the parameters that it reads, with its own defaults
}

/** Metric declares one number that a run reports. Names are TRL's where TRL has the number. */
export interface Metric {
  id: string;
  title: string;
  unit?: string;
  help: string; // one plain sentence
  chart: string; // metrics of one chart share its axes; "" is not drawn
  /** Split says on what it is measured: "train" (each step's batch), "heldout" (held-out pairs), "samples" (responses to held-out prompts). */
  split: string;
  /** Baseline is a value to compare with, such as chance; null where there is none. */
  baseline: number | null;
  baselineTitle?: string;
}

/** World is a toy world as a person chooses it. */
export interface World {
  id: string; // permanent: it lives in links
  title: string;
  help: string;
  texts: string; // what its responses are, in the plural
  stakes: Stake[]; // the first is the default
  attributes: Attribute[]; // what its true score rewards
  link: string; // the comparison that shows its point
  point: string; // what that shows, in one sentence
}

/** ShippedReference is a fitted reference that comes with the program, so that Play starts at once. */
export interface ShippedReference {
  world: string;
  model: Model;
  file: string; // name in mmpo/references and beside the page
  fingerprint: string; // SHA-256 of its weights
  loss: number; // nats a token on texts of held-out prompts
}

/** Kind is how a parameter's value is written. */
export type Kind = 'number' | 'whole' | 'choice';

/** Option is one value of a choice (or a named value of a whole number, such as "thumbs" for two levels). */
export interface Option {
  id: string;
  title: string;
  help?: string;
  /** Value is the number that an id such as "exact" stands for. */
  value?: number;
}

/** Reward says how an objective reads the rewards of a pair's responses, whose difference is h, from their log-probabilities. */
export type Reward =
  | 'log-ratio' // beta rho: summed over tokens, against the reference
  | 'per-token'; // beta log pi / n: averaged over the n tokens of the response, without a reference

/** Setting gives a parameter of Params the default that suits an objective, as links write it. */
export interface Setting {
  param: string;
  default: string;
}

/** Stake is one way to weigh the attributes of a response. */
export interface Stake {
  id: string;
  title: string;
  help: string;
}

/** Attribute is something about a response that adds to its true score or takes from it. */
export interface Attribute {
  id: string;
  title: string;
}

export const catalog: Catalog = {
  linkVersion: '1',
  engine: '1',
  params: [
    {
      id: 'world',
      title: 'World',
      help: 'Where prompts and responses come from.',
      group: 'data',
      kind: 'choice',
      min: 0,
      max: 0,
      step: 0,
      default: 'script',
      options: [
        {
          id: 'script',
          title: 'Script Desk',
          help: "Pitches for films: the writers grant the hero's wish once in ten, and the grades say how much that matters.",
        },
        {
          id: 'support',
          title: 'Support Desk',
          help: 'Replies to customers: eight things make a reply good, none of them alone, and the writers get each right about half the time.',
        },
      ],
      live: false,
    },
    {
      id: 'stakes',
      title: 'Stakes',
      help: 'What makes a response good, and how much each thing counts.',
      group: 'data',
      kind: 'choice',
      min: 0,
      max: 0,
      step: 0,
      default: 'skew',
      options: [
        { id: 'skew', title: 'One thing matters', help: 'A granted wish is worth six points of nine; everything else is polish.' },
        { id: 'mid', title: 'Some things matter', help: 'A granted wish is worth four points of nine, a steady hero and villain three.' },
        { id: 'flat', title: 'Everything matters alike', help: 'Six attributes are worth one and a half points each.' },
        {
          id: 'divided',
          title: 'Two audiences',
          help: 'Of the viewers 70 % like an explosion by a point, 30 % hate it by four; each pair is rated by one of them.',
        },
        { id: 'service', title: 'Good service', help: 'Eight attributes are worth between a third of a point and two points each.' },
      ],
      live: false,
    },
    {
      id: 'pairs',
      title: 'Pairs',
      help: 'How many graded pairs there are to learn from.',
      group: 'data',
      kind: 'whole',
      min: 8,
      max: 4096,
      step: 1,
      scale: 'log',
      default: '512',
      live: false,
    },
    {
      id: 'levels',
      title: 'Feedback',
      help: 'How many levels the rater can choose from.',
      group: 'grader',
      kind: 'whole',
      min: 2,
      max: 100,
      step: 1,
      default: 'exact',
      options: [
        { id: '2', title: 'Thumbs', help: 'Two levels: up or down.' },
        { id: '3', title: '3', help: 'Three levels.' },
        { id: '5', title: 'Stars', help: 'Five levels.' },
        { id: '10', title: '1-10', help: 'Ten levels.' },
        { id: 'exact', title: 'Exact', help: 'The score itself, unrounded.' },
      ],
      live: false,
    },
    {
      id: 'noise',
      title: "Rater's noise",
      help: "Standard deviation of the rater's error.",
      unit: 'points',
      group: 'grader',
      kind: 'number',
      min: 0,
      max: 5,
      step: 0,
      default: '0.3',
      live: false,
    },
    {
      id: 'ties',
      title: 'Ties',
      help: 'What happens to pairs with equal grades.',
      group: 'grader',
      kind: 'choice',
      min: 0,
      max: 0,
      step: 0,
      default: 'keep',
      options: [
        { id: 'keep', title: 'Keep', help: 'Pairs with equal grades are trained on; which counts as chosen is chance.' },
        { id: 'drop', title: 'Drop', help: 'Pairs with equal grades are left out.' },
      ],
      live: false,
    },
    {
      id: 'objective',
      title: 'Objective',
      help: 'The loss that is minimized.',
      group: 'objective',
      kind: 'choice',
      min: 0,
      max: 0,
      step: 0,
      default: 'mmpo',
      options: [
        {
          id: 'dpo',
          title: 'DPO',
          help: 'Makes the chosen response as much likelier than the rejected one as it can; the grade is ignored.',
        },
        {
          id: 'mmpo',
          title: 'MMPO',
          help: 'Makes the learned margin match the graded one: a large difference in grades is learned as a large one, a small as a small.',
        },
        { id: 'cdpo', title: 'cDPO', help: 'DPO that presumes a fixed share of the labels to be wrong; the grade is ignored.' },
        {
          id: 'robust',
          title: 'Robust DPO',
          help: 'DPO whose loss is, on average, what it would be if the presumed share of wrong labels were right; the grade is ignored.',
        },
        { id: 'odpo', title: 'ODPO', help: 'DPO that asks for a lead, larger where the grades lie further apart.' },
        {
          id: 'margin',
          title: 'Margin',
          help: "DPO that asks for a lead as large as the graded margin; what Llama 2's reward model was trained with.",
        },
        { id: 'scaled', title: 'Scaled DPO', help: 'DPO in which a pair counts as much as its grades lie apart.' },
        { id: 'gdpo', title: 'GDPO', help: 'DPO in which near ties teach little: the learned margin is scaled by how sure the rater is.' },
        {
          id: 'simpo',
          title: 'SimPO',
          help: 'Has no reference: compares log-probabilities per token and asks for a fixed lead; the grade is ignored.',
        },
        { id: 'ipo', title: 'IPO', help: 'Gives every pair the same margin and stops there; the grade is ignored.' },
        {
          id: 'rpo-sq',
          title: 'RPO, squared',
          help: 'Matches margins like MMPO, by least squares: how far h is from the target counts, not how sure the rater is.',
        },
        {
          id: 'rpo-fwd',
          title: 'RPO, forward KL',
          help: 'Matches margins like MMPO, with the divergence turned round: pairs of which the policy is sure hardly move.',
        },
        { id: 'hinge', title: 'Hinge', help: 'Pushes each pair until its margin is 1, then leaves it alone; the grade is ignored.' },
        {
          id: 'rk',
          title: 'DPO with ties (Rao-Kupper)',
          help: 'DPO that knows ties: a winner must be ahead by more than a threshold; the size of the margin is ignored.',
        },
        {
          id: 'davidson',
          title: 'DPO with ties (Davidson)',
          help: 'DPO that knows ties: they are the likelier the closer two responses are; the size of the margin is ignored.',
        },
        {
          id: 'kto',
          title: 'KTO',
          help: 'Knows no pairs: makes good responses likelier and bad ones less likely than the policy has become on the whole; the grade is ignored.',
        },
        {
          id: 'shuffled',
          title: 'MMPO, margins shuffled',
          help: 'A control: MMPO whose training pairs have exchanged their margins at random, so what is left shows what the grades are good for.',
        },
      ],
      live: false,
    },
    {
      id: 'beta',
      title: 'beta',
      help: 'How strongly the policy is held to the reference.',
      group: 'objective',
      kind: 'number',
      min: 0.01,
      max: 10,
      step: 0,
      scale: 'log',
      default: '0.4',
      live: true,
    },
    {
      id: 'gamma',
      title: 'gamma',
      help: 'Target reward margin for each point of graded margin.',
      unit: 'per point',
      group: 'objective',
      kind: 'number',
      min: 0.01,
      max: 10,
      step: 0,
      scale: 'log',
      default: '0.5',
      live: true,
    },
    {
      id: 'smoothing',
      title: 'Label smoothing',
      help: 'Share of labels presumed wrong.',
      group: 'objective',
      kind: 'number',
      min: 0,
      max: 0.49,
      step: 0,
      default: '0.1',
      live: true,
    },
    {
      id: 'alpha',
      title: 'alpha',
      help: 'Lead that is asked for, for each point of f(m).',
      group: 'objective',
      kind: 'number',
      min: 0.01,
      max: 10,
      step: 0,
      scale: 'log',
      default: '1',
      live: true,
    },
    {
      id: 'form',
      title: 'f(m)',
      help: 'How the lead that is asked for grows with the graded margin.',
      group: 'objective',
      kind: 'choice',
      min: 0,
      max: 0,
      step: 0,
      default: 'log',
      options: [
        { id: 'identity', title: 'm', help: 'The lead grows with the graded margin.' },
        {
          id: 'log',
          title: 'log m',
          help: 'The lead grows with the logarithm of the graded margin, and is negative below one point; ties are left out.',
        },
      ],
      live: true,
    },
    {
      id: 'lead',
      title: 'Lead',
      help: 'Reward by which every chosen response should be ahead.',
      group: 'objective',
      kind: 'number',
      min: 0,
      max: 10,
      step: 0,
      default: '1',
      live: true,
    },
    {
      id: 'draw',
      title: 'Chance of a tie',
      help: 'How often two equally good responses are graded alike.',
      group: 'objective',
      kind: 'number',
      min: 0.01,
      max: 0.95,
      step: 0,
      default: '0.5',
      live: true,
    },
    {
      id: 'lr',
      title: 'Learning rate',
      help: 'Peak step size; a cosine takes it down to a tenth by the last step.',
      group: 'train',
      kind: 'number',
      min: 0.00001,
      max: 1,
      step: 0,
      scale: 'log',
      default: '0.0005',
      live: true,
    },
    {
      id: 'steps',
      title: 'Steps',
      help: 'How many times the optimizer moves the weights.',
      group: 'train',
      kind: 'whole',
      min: 1,
      max: 5000,
      step: 1,
      scale: 'log',
      default: '160',
      live: false,
    },
    {
      id: 'batch',
      title: 'Batch',
      help: 'Pairs a step learns from.',
      unit: 'pairs',
      group: 'train',
      kind: 'whole',
      min: 1,
      max: 128,
      step: 1,
      scale: 'log',
      default: '32',
      live: false,
    },
    {
      id: 'decay',
      title: 'Weight decay',
      help: 'Share of each weight matrix that is taken away a step, times the learning rate.',
      group: 'train',
      kind: 'number',
      min: 0,
      max: 1,
      step: 0,
      default: '0.01',
      live: false,
    },
    {
      id: 'clip',
      title: 'Gradient clip',
      help: 'A longer gradient is shortened to this L2 norm.',
      group: 'train',
      kind: 'number',
      min: 0.01,
      max: 100,
      step: 0,
      scale: 'log',
      default: '1',
      live: false,
    },
    {
      id: 'evaluate',
      title: 'Measure every',
      help: 'Steps between measurements on held-out pairs and samples.',
      unit: 'steps',
      group: 'train',
      kind: 'whole',
      min: 1,
      max: 1000,
      step: 1,
      scale: 'log',
      default: '10',
      live: false,
    },
    {
      id: 'width',
      title: 'Width',
      help: 'Numbers that stand for a token inside the model.',
      group: 'model',
      kind: 'whole',
      min: 16,
      max: 256,
      step: 16,
      default: '48',
      live: false,
    },
    {
      id: 'layers',
      title: 'Layers',
      help: 'Blocks of attention and MLP.',
      group: 'model',
      kind: 'whole',
      min: 1,
      max: 6,
      step: 1,
      default: '2',
      live: false,
    },
    {
      id: 'heads',
      title: 'Heads',
      help: 'Attention heads of a layer.',
      group: 'model',
      kind: 'choice',
      min: 0,
      max: 0,
      step: 0,
      default: '4',
      options: [{ id: '1', title: '1' }, { id: '2', title: '2' }, { id: '4', title: '4' }],
      live: false,
    },
    {
      id: 'seed',
      title: 'Seed',
      help: 'Decides every random choice; the same seed gives the same run.',
      group: 'train',
      kind: 'whole',
      min: 0,
      max: 9007199254740992,
      step: 1,
      default: '1',
      live: false,
    },
  ],
  objectives: [
    {
      id: 'dpo',
      title: 'DPO',
      formula: '-\\log\\sigma(h)',
      optimum: 'h \\to \\infty',
      ties: 'A tied pair still pushes h up.',
      help: 'Makes the chosen response as much likelier than the rejected one as it can; the grade is ignored.',
      source: 'Rafailov et al. 2023, arXiv 2305.18290, equation 7',
      reward: 'log-ratio',
      graded: false,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '1.5' }],
    },
    {
      id: 'mmpo',
      title: 'MMPO',
      formula: '-p\\log\\sigma(h) - (1-p)\\log\\sigma(-h),\\quad p = \\sigma(\\gamma m)',
      optimum: 'h = \\gamma m',
      ties: 'A tied pair has p = 1/2 and pulls h to 0.',
      help: 'Makes the learned margin match the graded one: a large difference in grades is learned as a large one, a small as a small.',
      source: 'Kim et al. 2024, arXiv 2410.03145',
      reward: 'log-ratio',
      graded: true,
      tied: false,
      matches: true,
      dealt: false,
      params: [{ param: 'beta', default: '0.4' }, { param: 'gamma', default: '0.5' }],
    },
    {
      id: 'cdpo',
      title: 'cDPO',
      formula: '-(1-\\epsilon)\\log\\sigma(h) - \\epsilon\\log\\sigma(-h)',
      optimum: 'h = \\log\\frac{1-\\epsilon}{\\epsilon}',
      ties: 'A tied pair is treated like any other.',
      help: 'DPO that presumes a fixed share of the labels to be wrong; the grade is ignored.',
      source: 'Mitchell 2023, A note on DPO with noisy preferences',
      reward: 'log-ratio',
      graded: false,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '1.5' }, { param: 'smoothing', default: '0.1' }],
    },
    {
      id: 'robust',
      title: 'Robust DPO',
      formula: '\\frac{-(1-\\epsilon)\\log\\sigma(h) + \\epsilon\\log\\sigma(-h)}{1-2\\epsilon}',
      optimum: 'h \\to \\infty',
      ties: 'A tied pair is treated like any other.',
      help: 'DPO whose loss is, on average, what it would be if the presumed share of wrong labels were right; the grade is ignored.',
      source: 'Chowdhury et al. 2024, arXiv 2403.00409',
      reward: 'log-ratio',
      graded: false,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '6' }, { param: 'smoothing', default: '0.1' }],
    },
    {
      id: 'odpo',
      title: 'ODPO',
      formula: '-\\log\\sigma(h - \\alpha f(m))',
      optimum: 'h \\to \\infty',
      ties: 'With f = identity a tied pair is one of DPO. With f = log, which has no value at 0, it is left out: its loss is 0.',
      help: 'DPO that asks for a lead, larger where the grades lie further apart.',
      source: 'Amini et al. 2024, arXiv 2402.10571; the authors use f = log',
      reward: 'log-ratio',
      graded: true,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '2' }, { param: 'alpha', default: '1' }, { param: 'form', default: 'log' }],
    },
    {
      id: 'margin',
      title: 'Margin',
      formula: '-\\log\\sigma(h - m)',
      optimum: 'h \\to \\infty',
      ties: 'A tied pair still pushes h up, as in DPO.',
      help: "DPO that asks for a lead as large as the graded margin; what Llama 2's reward model was trained with.",
      source: 'Touvron et al. 2023, arXiv 2307.09288; for policies Wang et al. 2024, arXiv 2410.01257',
      reward: 'log-ratio',
      graded: true,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '3' }],
    },
    {
      id: 'scaled',
      title: 'Scaled DPO',
      formula: '-m\\log\\sigma(h)',
      optimum: 'h \\to \\infty',
      ties: 'A tied pair counts nothing: its loss is 0.',
      help: 'DPO in which a pair counts as much as its grades lie apart.',
      source: 'Wang et al. 2024, arXiv 2410.01257',
      reward: 'log-ratio',
      graded: true,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '2' }],
    },
    {
      id: 'gdpo',
      title: 'GDPO',
      formula: '-\\log\\sigma((2p-1)h),\\quad p = \\sigma(\\gamma m)',
      optimum: 'h \\to \\infty',
      ties: 'A tied pair has 2p - 1 = 0 and teaches nothing: its loss is log 2.',
      help: 'DPO in which near ties teach little: the learned margin is scaled by how sure the rater is.',
      source: 'Furuta et al. 2024, arXiv 2409.06691',
      reward: 'log-ratio',
      graded: true,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '6' }, { param: 'gamma', default: '0.5' }],
    },
    {
      id: 'simpo',
      title: 'SimPO',
      formula: '-\\log\\sigma(h - \\delta),\\quad h = \\beta(\\frac{\\log\\pi_w}{n_w} - \\frac{\\log\\pi_l}{n_l})',
      optimum: 'h \\to \\infty',
      ties: 'A tied pair still pushes h up.',
      help: 'Has no reference: compares log-probabilities per token and asks for a fixed lead; the grade is ignored.',
      source: 'Meng et al. 2024, arXiv 2405.14734',
      reward: 'per-token',
      graded: false,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '10' }, { param: 'lead', default: '1' }],
    },
    {
      id: 'ipo',
      title: 'IPO',
      formula: '(\\frac{h}{\\beta} - \\frac{1}{2\\beta})^2',
      optimum: 'h = \\frac{1}{2}',
      ties: 'A tied pair is treated like any other.',
      help: 'Gives every pair the same margin and stops there; the grade is ignored.',
      source: 'Azar et al. 2023, arXiv 2310.12036, equation 17; log-probabilities are summed, where TRL averages them over tokens',
      reward: 'log-ratio',
      graded: false,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '0.15' }],
    },
    {
      id: 'rpo-sq',
      title: 'RPO, squared',
      formula: '(h - \\gamma m)^2',
      optimum: 'h = \\gamma m',
      ties: 'A tied pair pulls h to 0.',
      help: 'Matches margins like MMPO, by least squares: how far h is from the target counts, not how sure the rater is.',
      source: 'Sun et al. 2025, arXiv 2502.00203 (gamma is their eta); REBEL, Gao et al. 2024, arXiv 2404.16767',
      reward: 'log-ratio',
      graded: true,
      tied: false,
      matches: true,
      dealt: false,
      params: [{ param: 'beta', default: '0.4' }, { param: 'gamma', default: '0.5' }],
    },
    {
      id: 'rpo-fwd',
      title: 'RPO, forward KL',
      formula: 'q\\log\\frac{q}{p} + (1-q)\\log\\frac{1-q}{1-p},\\quad q = \\sigma(h),\\quad p = \\sigma(\\gamma m)',
      optimum: 'h = \\gamma m',
      ties: 'A tied pair pulls h to 0.',
      help: 'Matches margins like MMPO, with the divergence turned round: pairs of which the policy is sure hardly move.',
      source: 'Sun et al. 2025, arXiv 2502.00203 (gamma is their eta)',
      reward: 'log-ratio',
      graded: true,
      tied: false,
      matches: true,
      dealt: false,
      params: [{ param: 'beta', default: '0.4' }, { param: 'gamma', default: '0.5' }],
    },
    {
      id: 'hinge',
      title: 'Hinge',
      formula: '\\max(0, 1-h)',
      optimum: 'h \\geq 1',
      ties: 'A tied pair is treated like any other.',
      help: 'Pushes each pair until its margin is 1, then leaves it alone; the grade is ignored.',
      source: 'SLiC-HF, Zhao et al. 2023, arXiv 2305.10425, with the reference in h as in TRL',
      reward: 'log-ratio',
      graded: false,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '0.8' }],
    },
    {
      id: 'rk',
      title: 'DPO with ties (Rao-Kupper)',
      formula: '-\\log\\sigma(h-a)\\quad (m > 0),\\quad -\\log((\\nu^2-1)\\sigma(h-a)\\sigma(-h-a))\\quad (m = 0),\\quad a = \\log\\nu,\\quad \\nu = \\frac{1+t}{1-t}',
      optimum: 'h \\to \\infty\\quad (m > 0),\\quad h = 0\\quad (m = 0)',
      ties: 'A tied pair is learned as a tie: it pulls h to 0.',
      help: 'DPO that knows ties: a winner must be ahead by more than a threshold; the size of the margin is ignored.',
      source: 'Chen et al. 2024, arXiv 2409.17431 (their nu = 3 is t = 1/2)',
      reward: 'log-ratio',
      graded: false,
      tied: true,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '2' }, { param: 'draw', default: '0.5' }],
    },
    {
      id: 'davidson',
      title: 'DPO with ties (Davidson)',
      formula: '-\\log\\frac{1}{s}\\quad (m > 0),\\quad -\\log\\frac{2\\nu e^{-h/2}}{s}\\quad (m = 0),\\quad s = 1+e^{-h}+2\\nu e^{-h/2},\\quad \\nu = \\frac{t}{1-t}',
      optimum: 'h \\to \\infty\\quad (m > 0),\\quad h = 0\\quad (m = 0)',
      ties: 'A tied pair is learned as a tie: it pulls h to 0.',
      help: 'DPO that knows ties: they are the likelier the closer two responses are; the size of the margin is ignored.',
      source: 'Chen et al. 2024, arXiv 2409.17431 (their nu = 1 is t = 1/2)',
      reward: 'log-ratio',
      graded: false,
      tied: true,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '3' }, { param: 'draw', default: '0.5' }],
    },
    {
      id: 'kto',
      title: 'KTO',
      formula: '\\frac{1}{2}(1-\\sigma(\\beta\\rho_w - \\beta z)) + \\frac{1}{2}(1-\\sigma(\\beta z - \\beta\\rho_l))',
      optimum: 'h \\to \\infty',
      ties: "A tied pair's chosen response counts as good and its rejected one as bad, like any other's.",
      help: 'Knows no pairs: makes good responses likelier and bad ones less likely than the policy has become on the whole; the grade is ignored.',
      source: "Ethayarajh et al. 2024, arXiv 2402.01306, with equal weights; z, which is not differentiated, is here the mean of rho over the batch's own responses, at least 0, where the authors pair prompts with the responses to others",
      reward: 'log-ratio',
      graded: false,
      tied: false,
      matches: false,
      dealt: false,
      params: [{ param: 'beta', default: '0.4' }],
    },
    {
      id: 'shuffled',
      title: 'MMPO, margins shuffled',
      formula: "-p\\log\\sigma(h) - (1-p)\\log\\sigma(-h),\\quad p = \\sigma(\\gamma m')",
      optimum: "h = \\gamma m'",
      ties: "A tied pair is told another pair's margin m', like any other.",
      help: 'A control: MMPO whose training pairs have exchanged their margins at random, so what is left shows what the grades are good for.',
      source: 'A permutation control; the loss is that of Kim et al. 2024, arXiv 2410.03145',
      reward: 'log-ratio',
      graded: true,
      tied: false,
      matches: true,
      dealt: true,
      params: [{ param: 'beta', default: '0.4' }, { param: 'gamma', default: '0.5' }],
    },
  ],
  metrics: [
    {
      id: 'loss',
      title: 'Loss',
      unit: 'nats',
      help: 'The objective on the pairs of this step.',
      chart: 'loss',
      split: 'train',
      baseline: 0.6931471805599453,
      baselineTitle: 'ln 2, no preference',
    },
    {
      id: 'rewards/chosen',
      title: 'Reward of chosen',
      help: 'Beta times how much likelier the chosen responses are than under the reference.',
      chart: 'rewards',
      split: 'train',
      baseline: 0,
      baselineTitle: 'reference',
    },
    {
      id: 'rewards/rejected',
      title: 'Reward of rejected',
      help: 'Beta times how much likelier the rejected responses are than under the reference.',
      chart: 'rewards',
      split: 'train',
      baseline: null,
    },
    {
      id: 'rewards/margins',
      title: 'Learned margin h',
      help: 'Reward of chosen minus reward of rejected.',
      chart: 'margins',
      split: 'train',
      baseline: 0,
      baselineTitle: 'reference',
    },
    {
      id: 'rewards/accuracies',
      title: 'Accuracy',
      help: 'Share of untied pairs whose chosen response has the larger reward; equal rewards count half.',
      chart: 'accuracy',
      split: 'train',
      baseline: 0.5,
      baselineTitle: 'chance',
    },
    {
      id: 'logps/chosen',
      title: 'Log-prob of chosen',
      unit: 'nats',
      help: 'Mean log-probability of the chosen responses, summed over their tokens.',
      chart: 'logps',
      split: 'train',
      baseline: null,
    },
    {
      id: 'logps/rejected',
      title: 'Log-prob of rejected',
      unit: 'nats',
      help: 'Mean log-probability of the rejected responses, summed over their tokens.',
      chart: 'logps',
      split: 'train',
      baseline: null,
    },
    {
      id: 'grad_norm',
      title: 'Gradient norm',
      help: 'L2 norm of the gradient before clipping.',
      chart: 'optimizer',
      split: 'train',
      baseline: null,
    },
    {
      id: 'clipped',
      title: 'Clipped steps',
      help: 'Share of the steps so far whose gradient was clipped.',
      chart: 'clipped',
      split: 'train',
      baseline: null,
    },
    {
      id: 'learning_rate',
      title: 'Learning rate',
      help: 'The step size of AdamW at this step.',
      chart: 'optimizer',
      split: 'train',
      baseline: null,
    },
    {
      id: 'eval_loss',
      title: 'Loss, held out',
      unit: 'nats',
      help: 'The objective on pairs of prompts that are never trained on.',
      chart: 'loss',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'eval_rewards/chosen',
      title: 'Reward of chosen, held out',
      help: 'As rewards/chosen, on held-out pairs.',
      chart: 'rewards',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'eval_rewards/rejected',
      title: 'Reward of rejected, held out',
      help: 'As rewards/rejected, on held-out pairs.',
      chart: 'rewards',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'eval_rewards/margins',
      title: 'Learned margin h, held out',
      help: 'As rewards/margins, on held-out pairs.',
      chart: 'margins',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'eval_rewards/accuracies',
      title: 'Accuracy, held out',
      help: 'As rewards/accuracies, on held-out pairs.',
      chart: 'accuracy',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'eval_logps/chosen',
      title: 'Log-prob of chosen, held out',
      unit: 'nats',
      help: 'As logps/chosen, on held-out pairs.',
      chart: 'logps',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'eval_logps/rejected',
      title: 'Log-prob of rejected, held out',
      unit: 'nats',
      help: 'As logps/rejected, on held-out pairs.',
      chart: 'logps',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'target/pearson',
      title: 'h and m, Pearson',
      help: 'Correlation of h with the graded margin m.',
      chart: '',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'target/spearman',
      title: 'h and m, Spearman',
      help: 'As target/pearson, of ranks.',
      chart: '',
      split: 'heldout',
      baseline: null,
    },
    { id: 'target/kendall', title: 'h and m, Kendall', help: 'As target/pearson, tau-b.', chart: '', split: 'heldout', baseline: null },
    {
      id: 'true/pearson',
      title: 'h and truth, Pearson',
      help: 'Correlation of h with the difference of true scores.',
      chart: 'correlation',
      split: 'heldout',
      baseline: 0,
      baselineTitle: 'none',
    },
    {
      id: 'true/spearman',
      title: 'h and truth, Spearman',
      help: 'As true/pearson, of ranks.',
      chart: '',
      split: 'heldout',
      baseline: null,
    },
    { id: 'true/kendall', title: 'h and truth, Kendall', help: 'As true/pearson, tau-b.', chart: '', split: 'heldout', baseline: null },
    {
      id: 'ece',
      title: 'ECE',
      help: 'How far sigma(h) is from the chance that the rater prefers the chosen response, by confidence, in ten bins.',
      chart: 'ece',
      split: 'heldout',
      baseline: 0,
      baselineTitle: 'calibrated',
    },
    {
      id: 'brier',
      title: 'Brier',
      help: 'Mean squared distance of sigma(h) from that chance.',
      chart: '',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'nll',
      title: 'NLL',
      unit: 'nats',
      help: 'Cross-entropy of sigma(h) and that chance.',
      chart: '',
      split: 'heldout',
      baseline: null,
    },
    {
      id: 'outcome/ece',
      title: 'ECE, outcomes',
      help: 'As ece, against which response was preferred.',
      chart: '',
      split: 'heldout',
      baseline: null,
    },
    { id: 'outcome/brier', title: 'Brier, outcomes', help: 'As brier, likewise.', chart: '', split: 'heldout', baseline: null },
    { id: 'outcome/nll', title: 'NLL, outcomes', unit: 'nats', help: 'As nll, likewise.', chart: '', split: 'heldout', baseline: null },
    {
      id: 'kl',
      title: 'KL to the reference',
      unit: 'nats',
      help: 'How far the policy has moved: the exact divergence of each next token, summed along responses that it wrote.',
      chart: 'kl',
      split: 'samples',
      baseline: 0,
      baselineTitle: 'reference',
    },
    {
      id: 'true_score',
      title: 'True score',
      unit: 'points',
      help: 'Mean true score of responses to held-out prompts.',
      chart: 'score',
      split: 'samples',
      baseline: null,
    },
    {
      id: 'true_score/se',
      title: 'Standard error',
      unit: 'points',
      help: 'Of the true score, over responses.',
      chart: '',
      split: 'samples',
      baseline: null,
    },
    {
      id: 'win_rate',
      title: 'Win rate',
      help: "How often a response scores above the reference's with the same random numbers; ties count half.",
      chart: 'win',
      split: 'samples',
      baseline: 0.5,
      baselineTitle: 'reference',
    },
    {
      id: 'valid',
      title: 'Valid share',
      help: 'Share of those responses that parse.',
      chart: 'valid',
      split: 'samples',
      baseline: 1,
      baselineTitle: 'all',
    },
    {
      id: 'entropy',
      title: 'Entropy',
      unit: 'nats',
      help: 'Minus the mean log-probability of those responses: how many ways of writing are left.',
      chart: 'entropy',
      split: 'samples',
      baseline: null,
    },
    {
      id: 'distinct',
      title: 'Distinct share',
      help: 'Share of those responses that differ from all others before.',
      chart: 'distinct',
      split: 'samples',
      baseline: null,
    },
  ],
  worlds: [
    {
      id: 'script',
      title: 'Script Desk',
      help: "Pitches for films: the writers grant the hero's wish once in ten, and the grades say how much that matters.",
      texts: 'film pitches',
      stakes: [
        { id: 'skew', title: 'One thing matters', help: 'A granted wish is worth six points of nine; everything else is polish.' },
        { id: 'mid', title: 'Some things matter', help: 'A granted wish is worth four points of nine, a steady hero and villain three.' },
        { id: 'flat', title: 'Everything matters alike', help: 'Six attributes are worth one and a half points each.' },
        {
          id: 'divided',
          title: 'Two audiences',
          help: 'Of the viewers 70 % like an explosion by a point, 30 % hate it by four; each pair is rated by one of them.',
        },
      ],
      attributes: [
        { id: 'readable', title: 'Readable' },
        { id: 'wish', title: 'Granted wish' },
        { id: 'explosion', title: 'Explosion' },
        { id: 'hero', title: 'Same hero' },
        { id: 'villain', title: 'Same villain' },
        { id: 'setting', title: 'Fitting place' },
        { id: 'link', title: 'Transition' },
        { id: 'adjectives', title: 'Adjectives' },
      ],
      link: 'v=1&seed=1',
      point: 'One thing decides the grade: told by how much, MMPO learns to grant the wish, while DPO learns polish, too.',
    },
    {
      id: 'support',
      title: 'Support Desk',
      help: 'Replies to customers: eight things make a reply good, none of them alone, and the writers get each right about half the time.',
      texts: 'help-desk replies',
      stakes: [
        { id: 'service', title: 'Good service', help: 'Eight attributes are worth between a third of a point and two points each.' },
      ],
      attributes: [
        { id: 'tone', title: 'Fitting tone' },
        { id: 'product', title: 'Right product' },
        { id: 'problem', title: 'Right problem' },
        { id: 'first', title: 'First step helps' },
        { id: 'second', title: 'Second step helps' },
        { id: 'promise', title: 'Firm promise' },
        { id: 'thanks', title: 'Thanks' },
        { id: 'close', title: 'Polite close' },
      ],
      link: 'v=1&world=support&stakes=service&seed=1',
      point: 'Many things matter a little each: MMPO is ahead, but by a fraction of a point that a single run can hardly tell from chance.',
    },
  ],
  references: [
    {
      world: 'script',
      model: { width: 48, layers: 2, heads: 4 },
      file: 'script-48x2x4.ckpt',
      fingerprint: 'a4408684cab7bc776245599c01f190d2b56f58d11e84940f95a886acfec7174c',
      loss: 0.8199687637380595,
    },
    {
      world: 'support',
      model: { width: 48, layers: 2, heads: 4 },
      file: 'support-48x2x4.ckpt',
      fingerprint: '19e3a4c0f7adf96331439cbc2eacb2e4cb318df19bae930d055a0e088bc4a78f',
      loss: 1.0773768879261678,
    },
  ],
  comparison: {
    a: {
      world: 'script',
      stakes: 'skew',
      pairs: 512,
      grader: { levels: 0, noise: 0.3, ties: 'keep' },
      objective: { id: 'dpo', beta: 1.5, gamma: 0, smoothing: 0, alpha: 0, form: '', lead: 0, draw: 0 },
      model: { width: 48, layers: 2, heads: 4 },
      train: { steps: 160, batch: 32, lr: 0.0005, decay: 0.01, clip: 1, evaluate: 10 },
      seed: 1,
    },
    b: {
      world: 'script',
      stakes: 'skew',
      pairs: 512,
      grader: { levels: 0, noise: 0.3, ties: 'keep' },
      objective: { id: 'mmpo', beta: 0.4, gamma: 0.5, smoothing: 0, alpha: 0, form: '', lead: 0, draw: 0 },
      model: { width: 48, layers: 2, heads: 4 },
      train: { steps: 160, batch: 32, lr: 0.0005, decay: 0.01, clip: 1, evaluate: 10 },
      seed: 1,
    },
  },
};
