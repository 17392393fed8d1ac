// What becomes of measurements: judged, put together over the rounds, printed.

/**
 * Largest deviation of a loss from the same computed in float64. Float32 alone makes it 3e-7; jax-js, whose exponentials are less exact,
 * reaches 3e-6. One step changes the loss by 6e-4 or more.
 */
export const tolerance = 4e-6;

/**
 * Compares first losses with the expected ones.
 * @param {number[]} losses @param {number[]} expected
 * @returns {string} what is wrong, or ''
 */
export function judge(losses, expected) {
  if (losses.length === 0) return 'it has no losses';
  for (const [i, loss] of losses.entries()) {
    // not written as a >: NaN must not pass
    if (!(Math.abs(loss - expected[i]) <= tolerance)) return `loss ${loss} instead of ${expected[i]} after ${i} steps`;
  }
  return '';
}

/** @param {number[]} numbers one or more */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function group(measured) {
  const groups = new Map();
  for (const one of measured) {
    const key = `${one.size} ${one.engine}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups.values();
}

/**
 * Joins the rounds of each engine and size, in the order in which they first came.
 * @param {{size: string, engine: string, losses?: number[], ms?: number, clock?: number, error?: string}[]} measured
 * @param {Record<string, {tokens: number, work: {flop: number}, packed: {flop: number}}>} manifests by size
 * @param {Record<string, number[]>} expected losses by size
 * @param {(engine: string) => boolean} isPacked
 * @returns {{rows: object[], refused: {size: string, engine: string, why: string}[]}}
 */
export function join(measured, manifests, expected, isPacked) {
  const rows = [], refused = [];
  for (const rounds of group(measured)) {
    const { size, engine } = rounds[0], manifest = manifests[size];
    const why = rounds.map((round) => round.error ?? judge(round.losses, expected[size])).find((text) => text !== '');
    if (why) {
      refused.push({ size, engine, why });
      continue;
    }
    const times = rounds.map((round) => round.ms), ms = median(times);
    rows.push({
      size, engine, ms_per_step: ms, tokens_per_s: (1000 * manifest.tokens) / ms, loss: rounds[0].losses.at(-1),
      gflop_per_s: (isPacked(engine) ? manifest.packed : manifest.work).flop / ms / 1e6,
      fastest_ms: Math.min(...times), slowest_ms: Math.max(...times), clock_ms: median(rounds.map((round) => round.clock)),
      rounds: rounds.length, losses: rounds[0].losses,
    });
  }
  return { rows, refused };
}

/**
 * The table of a size.
 * @param {object[]} rows of that size @param {string} ours the engine that ratios are of @param {(engine: string) => string} title
 */
export function table(rows, ours, title) {
  const base = rows.find((row) => row.engine === ours)?.ms_per_step;
  const lines = rows.map((row) => [
    title(row.engine), row.ms_per_step.toFixed(2), `${row.fastest_ms.toFixed(2)}-${row.slowest_ms.toFixed(2)}`, row.clock_ms.toFixed(2),
    Math.round(row.tokens_per_s).toString(), row.gflop_per_s.toFixed(2), base ? `${(row.ms_per_step / base).toFixed(2)}x` : '',
    row.loss.toFixed(6), String(row.rounds),
  ]);
  return align([['engine', 'ms/step', 'of rounds', 'clock ms', 'tokens/s', 'GFLOP/s', 'ours faster', 'loss', 'rounds'], ...lines]);
}

/** Aligns a table's first column to the left, the others to the right. @param {string[][]} lines */
export function align(lines) {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const pad = (cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  return lines.map((line) => line.map(pad).join('  ')).join('\n');
}
