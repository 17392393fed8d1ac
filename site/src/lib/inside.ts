// What is read off an inspection of a pair.

import type { Inspection, TokenView } from '../engine/protocol.gen';

/** Which response. */
export type Response = 'chosen' | 'rejected';

/** A token of a response. */
export interface Place {
  response: Response;
  at: number;
}

/** A pair, laid open, with the attention maps of both responses as the engine sends them. */
export interface Looked extends Inspection {
  maps: Float32Array;
}

/** An attention map of n tokens: row i says how much token i takes from each token up to itself. */
export interface AttentionMap {
  n: number;
  rows: Float32Array;
}

/** The tokens of a place's response. */
export function tokensOf(looked: Inspection, response: Response): TokenView[] {
  return looked[response];
}

/** What the model read: the prompt and a response but for its last token, which is only predicted. */
export function readOf(looked: Inspection, response: Response): string[] {
  return [...looked.prompt, ...looked[response].slice(0, -1).map((t) => t.text)];
}

/** The row from which a token was predicted: that of the token before it. */
export function rowOf(looked: Inspection, place: Place): number {
  return looked.prompt.length - 1 + place.at;
}

/** How much likelier the policy finds a token than the reference, nats. */
export function shift(token: TokenView): number {
  return token.policy - token.reference;
}

/** The sum of the shifts of a response: its log-ratio, nats. */
export function logRatio(tokens: TokenView[]): number {
  return tokens.reduce((sum, t) => sum + shift(t), 0);
}

/** The largest of some numbers' absolute values, at least `least`: the end of a diverging scale. */
export function reach(values: number[], least: number): number {
  return values.reduce((most, x) => Math.max(most, Math.abs(x)), least);
}

/** The map of a head of a layer, both counted from 0. */
export function mapOf(looked: Looked, response: Response, layer: number, head: number): AttentionMap {
  const size = (r: Response) => looked.prompt.length + looked[r].length - 1;
  const n = size(response);
  const before = response === 'chosen' ? 0 : looked.layers * looked.heads * size('chosen') ** 2;
  const start = before + (layer * looked.heads + head) * n * n;
  return { n, rows: looked.maps.subarray(start, start + n * n) };
}

/** What a row of a map takes most from: the tokens' places, in descending order of how much. */
export function takesFrom({ n, rows }: AttentionMap, row: number, most: number): { at: number; share: number }[] {
  const all = Array.from(rows.subarray(row * n, row * n + row + 1), (share, at) => ({ at, share }));
  return all.sort((a, b) => b.share - a.share || a.at - b.at).slice(0, most);
}

/** The likeliest next tokens of either model, with the chance that each gives them, where it is listed. */
export function nextOf(token: TokenView): { text: string; policy: number | null; reference: number | null }[] {
  const policy = new Map(token.top.map((t) => [t.text, t.prob]));
  const reference = new Map(token.referenceTop.map((t) => [t.text, t.prob]));
  policy.set(token.text, Math.exp(token.policy));
  reference.set(token.text, Math.exp(token.reference));
  const texts = [...new Set([...token.top, ...token.referenceTop, token].map((t) => t.text))];
  return texts
    .map((text) => ({ text, policy: policy.get(text) ?? null, reference: reference.get(text) ?? null }))
    .sort((a, b) => (b.policy ?? 0) - (a.policy ?? 0) || (b.reference ?? 0) - (a.reference ?? 0));
}

/** A token as people read it: without the space that begins it, and with a mark where it is nothing else. */
export function word(text: string): string {
  return text.trim() || '␣';
}

/** Which labels of a map find room, by boxes that must not meet: the first come first. */
export function withRoom<T extends { x: number; y: number; width: number; height: number }>(boxes: T[]): T[] {
  const placed: T[] = [];
  for (const box of boxes) {
    const meets = placed.some(
      (p) => box.x < p.x + p.width && p.x < box.x + box.width && box.y < p.y + p.height && p.y < box.y + box.height,
    );
    if (!meets) placed.push(box);
  }
  return placed;
}
