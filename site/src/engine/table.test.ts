import { describe, expect, it } from 'vitest';
import { Table } from './table';

describe('Table', () => {
  it('keeps rows at their steps, with gaps where nothing was measured', () => {
    const t = new Table(['loss', 'score']);
    t.add([0, NaN, 3, 1, 0.7, NaN, 2, 0.5, null]);
    expect(t.length).toBe(3);
    expect([...t.column('loss')]).toEqual([NaN, Math.fround(0.7), 0.5]);
    expect([...t.column('score')]).toEqual([3, NaN, NaN]);
  });

  it('adds to a step what is measured later, and takes nothing away', () => {
    const t = new Table(['loss', 'score']);
    t.add([1, 0.5, NaN]);
    t.add([1, NaN, 4]);
    expect([t.at('loss', 1), t.at('score', 1)]).toEqual([0.5, 4]);
  });

  it('keeps the rows that a run left behind until it takes their steps again', () => {
    const t = new Table(['x', 'y']);
    t.add([0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4]);
    t.goTo(1);
    expect([t.length, t.now, t.last('x'), t.last('x', 3)]).toEqual([4, 1, 2, 4]);
    expect([...t.column('x')], 'what was left behind is still drawn').toEqual([1, 2, 3, 4]);
    t.add([2, NaN, 9]);
    expect([t.length, t.now]).toEqual([3, 2]);
    expect([...t.column('x')], 'nothing of the former step 2').toEqual([1, 2, NaN]);
    t.add([3, 8, NaN]);
    expect([...t.column('y')]).toEqual([1, 2, 9, NaN]);
  });

  it('gives its rows as it took them, up to where the run stands', () => {
    const t = new Table(['x', 'y']);
    const rows = [0, NaN, 1, 1, 2, NaN, 2, 3, 4];
    t.add(rows);
    expect([...t.rows()]).toEqual(rows);
    t.goTo(1);
    expect([...t.rows()]).toEqual(rows.slice(0, 6));
    expect([...new Table(['x']).rows()]).toEqual([]);
  });

  it('grows without losing a row', () => {
    const t = new Table(['x'], 2);
    for (let step = 0; step <= 1000; step++) t.add([step, step]);
    expect(t.length).toBe(1001);
    expect(t.column('x').every((x, i) => x === i)).toBe(true);
  });

  it('finds the first and the last that was measured', () => {
    const t = new Table(['x']);
    t.add([0, NaN, 1, 5, 2, 6, 3, NaN]);
    expect([t.first('x'), t.last('x'), t.last('x', 1), t.last('x', 0)]).toEqual([5, 6, 5, NaN]);
  });

  it('has nothing of a metric that it does not know, nor of an incomplete row', () => {
    const t = new Table(['x']);
    t.add([0]);
    t.add([-1, 2]);
    expect(t.length).toBe(0);
    expect(t.column('y')).toHaveLength(0);
    expect(t.last('y')).toBeNaN();
  });

  it('leaves out what is not finite: a run that diverged has such rows', () => {
    const t = new Table(['x']);
    t.add([1, Infinity]);
    expect(t.at('x', 1)).toBeNaN();
  });
});
