// A sweep's runs as files, and its figure as a picture.

import { catalog } from '../engine/catalog.gen';
import type { Trial, Sweep } from '../engine/protocol.gen';
import { findParam, get } from '../lib/params';

/** Returns the runs as CSV: a line a run, with what varies, every metric of its end, its fingerprint and its link. */
export function csv(sweep: Sweep, trials: Trial[]): string {
  const axes = sweep.axes.map((axis) => findParam(axis.param));
  const metrics = catalog.metrics.map((m) => m.id);
  const lines = trials.map((o) => [
    ...axes.map((p) => get(o.experiment, p)),
    o.experiment.seed,
    ...metrics.map((id) => o.metrics[id] ?? ''),
    o.diverged ? 1 : 0,
    o.seconds,
    o.engine,
    o.fingerprint,
    o.link,
  ]);
  const head = [...axes.map((p) => p.id), 'seed', ...metrics, 'diverged', 'seconds', 'engine', 'fingerprint', 'link'];
  return [head, ...lines].map((line) => line.map(quote).join(',') + '\r\n').join('');
}

/** Quotes a value as RFC 4180 asks. */
function quote(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Properties that the page's style gives a figure, and that a file of its own has to carry along. */
const drawn = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-size', 'text-anchor', 'paint-order', 'display'];

/** Returns a figure as a file of its own, in the colors that it has now. */
export function svgFile(svg: SVGElement): string {
  const copy = svg.cloneNode(true) as SVGElement;
  const from = [svg, ...svg.querySelectorAll('*')];
  [copy, ...copy.querySelectorAll('*')].forEach((node, i) => {
    const style = getComputedStyle(from[i]!);
    for (const property of drawn) {
      const value = style.getPropertyValue(property);
      if (value) node.setAttribute(property, value);
    }
    node.removeAttribute('class');
  });
  const paper = getComputedStyle(svg.closest('section') ?? document.body).backgroundColor;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('style', `background:${paper};font-family:system-ui,sans-serif`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

/** Draws an SVG file as a PNG, at twice its size. */
export async function pngFile(svg: SVGElement): Promise<Blob> {
  const { width, height } = svg.getBoundingClientRect();
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgFile(svg))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [2 * width, 2 * height];
  const context = canvas.getContext('2d')!;
  context.fillStyle = getComputedStyle(svg.closest('section') ?? document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The picture could not be made.'))), 'image/png'),
  );
}
