// What a run measured, as columns that charts draw without copying.

/**
 * Table holds one growing column of numbers for each metric. The row of a step stands at the step's index; NaN is "not measured".
 * A run that went back to an earlier step leaves its later rows until it takes those steps again.
 */
export class Table {
  /** How many steps there are rows for, the one of step 0 included. */
  length = 0;
  /** The step at which the run stands: rows after it were left behind when it went back. -1 where there is no row. */
  now = -1;
  #columns: Float32Array[];

  constructor(
    readonly metrics: readonly string[],
    capacity = 256,
  ) {
    this.#columns = metrics.map(() => blank(capacity));
  }

  /**
   * Takes rows of 1 + metrics.length values, step first. A row before the last one puts all rows from its step on in the past. What was
   * measured at the last step stays unless it is measured again.
   */
  add(rows: ArrayLike<number | null>): void {
    const width = this.metrics.length + 1;
    for (let at = 0; at + width <= rows.length; at += width) {
      const step = rows[at] ?? NaN;
      if (!Number.isInteger(step) || step < 0) continue;
      if (step < this.length - 1) this.#cut(step);
      this.#reserve(step + 1);
      this.length = Math.max(this.length, step + 1);
      this.now = step;
      for (let m = 0; m < this.metrics.length; m++) {
        const value = rows[at + 1 + m] ?? NaN;
        if (Number.isFinite(value)) this.#columns[m]![step] = value;
      }
    }
  }

  /** Notes that the run stands at a step. */
  goTo(step: number): void {
    this.now = Math.min(step, this.length - 1);
  }

  /** Returns the rows up to a step as they were added. */
  rows(step = this.now): Float32Array {
    const width = this.metrics.length + 1;
    const rows = new Float32Array(Math.max(0, Math.min(step + 1, this.length)) * width);
    for (let at = 0, i = 0; at < rows.length; at += width, i++) {
      rows[at] = i;
      this.#columns.forEach((column, m) => (rows[at + 1 + m] = column[i]!));
    }
    return rows;
  }

  /** Returns the column of a metric, the rows that were left behind included: a view, valid until rows are added. */
  column(metric: string): Float32Array {
    const m = this.metrics.indexOf(metric);
    return m < 0 ? new Float32Array(0) : this.#columns[m]!.subarray(0, this.length);
  }

  /** Returns the value at a step, NaN if it was not measured. */
  at(metric: string, step: number): number {
    return this.column(metric)[step] ?? NaN;
  }

  /** Returns the last measured value at or before a step, the run's own unless another is named; NaN if there is none. */
  last(metric: string, step = this.now): number {
    const column = this.column(metric);
    for (let i = Math.min(step, column.length - 1); i >= 0; i--) if (!Number.isNaN(column[i]!)) return column[i]!;
    return NaN;
  }

  /** Returns the first measured value, NaN if there is none. */
  first(metric: string): number {
    return this.column(metric).find((x) => !Number.isNaN(x)) ?? NaN;
  }

  /** Forgets the rows from a step on. */
  #cut(step: number): void {
    for (const column of this.#columns) column.fill(NaN, step, this.length);
    this.length = step;
  }

  #reserve(length: number): void {
    const capacity = this.#columns[0]?.length ?? 0;
    if (length <= capacity) return;
    this.#columns = this.#columns.map((old) => {
      const grown = blank(Math.max(length, 2 * capacity));
      grown.set(old);
      return grown;
    });
  }
}

function blank(length: number): Float32Array {
  return new Float32Array(length).fill(NaN);
}
