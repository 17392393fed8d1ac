// uPlot as our charts use it: columns with gaps are drawn without being copied, and nothing decides its own range.

import uPlot from 'uplot';
import type { Line } from '../lib/charts';
import type { Range } from '../lib/range';
import { font, token } from './paint';

/** Dashed is a level to compare with. */
export interface Level {
  value: number;
  title: string;
}

/** What a plot asks for at each redraw. */
export interface Scene {
  lines: Line[];
  /** Where a line's run stands; what it left behind when it went back is drawn pale. */
  now(line: Line): number;
  steps(): number;
  range(): Range;
  level(): Level | null;
  moved(step: number | null): void;
}

const height = 136;

/** Steps between ticks that are easy to read: 1, 2 and 5 times a power of ten. */
const readable = Array.from({ length: 27 }, (_, i) => Number(`${[1, 2, 5][i % 3]}e${Math.floor(i / 3) - 4}`));

/** Draws a curve through what was measured from a step to another; uPlot's own builders stop at NaN. */
const measured =
  (from: () => number, to: () => number): uPlot.Series.PathBuilder =>
  (u, series) => {
    const [xs, ys] = [u.data[0]!, u.data[series] as ArrayLike<number>];
    const end = Math.min(ys.length - 1, to());
    const stroke = new Path2D();
    for (let i = from(); i <= end; i++) {
      const value = ys[i]!;
      if (!Number.isNaN(value)) stroke.lineTo(u.valToPos(xs[i]!, 'x', true), u.valToPos(value, 'y', true));
    }
    return { stroke, fill: null, clip: null, band: null, gaps: null, flags: 0 } as unknown as uPlot.Series.Paths;
  };

/** Returns the columns of a plot: first those of what was left behind, then those of the runs. */
export function layers<T>(columns: T[]): T[] {
  return [...columns, ...columns];
}

/** Makes a plot in an element. */
export function makePlot(element: HTMLElement, scene: Scene): uPlot {
  const axis: uPlot.Axis = {
    stroke: token('--muted'),
    font,
    grid: { stroke: token('--line'), width: 1 },
    ticks: { show: false },
  };
  return new uPlot(
    {
      width: Math.max(120, element.clientWidth),
      height,
      padding: [6, 14, 0, 0],
      legend: { show: false },
      cursor: {
        points: { show: false },
        drag: { x: false, y: false, setScale: false },
        sync: { key: 'steps', scales: ['x', null] },
        y: false,
      },
      scales: { x: { time: false, range: () => [0, Math.max(1, scene.steps())] }, y: { range: () => ends(scene.range()) } },
      axes: [
        { ...axis, size: 24, gap: 6, space: 60, incrs: readable.filter((x) => x >= 1), grid: { show: false } },
        {
          ...axis,
          size: 40,
          gap: 4,
          space: 20,
          incrs: readable,
          values: (_u, ticks) => ticks.map((t) => String(+t.toFixed(6)).replace('-', '\u2212')),
        },
      ],
      series: [{}, ...scene.lines.map((line) => leftBehind(line, scene)), ...scene.lines.map((line) => own(line, scene))],
      hooks: {
        drawAxes: [(u) => drawLevel(u, scene.level())],
        setCursor: [(u) => scene.moved((u.cursor.left ?? -1) < 0 ? null : (u.cursor.idx ?? null))],
      },
    },
    [[0], ...layers(scene.lines.map(() => [NaN]))] as uPlot.AlignedData,
    element,
  );
}

/** The curve of a run up to where it stands. */
function own(line: Line, scene: Scene): uPlot.Series {
  const name = line.pale ? `--${line.side}-pale` : line.side === 'a' ? '--a' : '--b-stroke';
  return { ...styleOf(line), stroke: token(name), paths: measured(() => 0, () => scene.now(line)) };
}

/** The rest of it, which a run that went back has left behind. Of the batches of training nothing is shown: it would hide the others. */
function leftBehind(line: Line, scene: Scene): uPlot.Series {
  const paths = measured(() => scene.now(line), () => Infinity);
  return { ...styleOf(line), stroke: token(`--${line.side}-pale`), show: !line.pale, paths };
}

function styleOf(line: Line): uPlot.Series {
  return { width: line.pale ? 1 : 2, dash: line.dashed ? [5, 4] : undefined, points: { show: false }, auto: false };
}

function ends({ min, max }: Range): [number, number] {
  return [min, max];
}

function drawLevel(u: uPlot, level: Level | null): void {
  if (!level || !Number.isFinite(level.value)) return;
  const { min, max } = u.scales.y!;
  if (level.value < min! || level.value > max!) return;
  const ratio = devicePixelRatio || 1;
  const y = u.valToPos(level.value, 'y', true);
  const g = u.ctx;
  g.save();
  g.strokeStyle = g.fillStyle = token('--muted');
  g.lineWidth = ratio;
  g.setLineDash([4 * ratio, 3 * ratio]);
  g.beginPath();
  g.moveTo(u.bbox.left, y);
  g.lineTo(u.bbox.left + u.bbox.width, y);
  g.stroke();
  g.font = font.replace('11px', `${10 * ratio}px`);
  g.textAlign = 'right';
  const above = y - u.bbox.top > 16 * ratio;
  g.textBaseline = above ? 'bottom' : 'top';
  g.fillText(level.title, u.bbox.left + u.bbox.width - 2 * ratio, y + (above ? -2 : 2) * ratio);
  g.restore();
}
