// Sliders move over whole positions; values may lie on a logarithmic axis.

import type { Param } from '../engine/catalog.gen';
import { clamp } from './params';

/** How many positions a slider has; fine enough that a pixel is about one. */
export const positions = 400;

/** Returns the position of a value. */
export function toPosition(param: Param, value: number): number {
  const share =
    param.scale === 'log' ? Math.log(value / param.min) / Math.log(param.max / param.min) : (value - param.min) / (param.max - param.min);
  return Math.round(positions * Math.min(Math.max(share, 0), 1));
}

/** Returns the value at a position, rounded so that it can be read: to three digits, or to the parameter's step. */
export function fromPosition(param: Param, position: number): number {
  const share = position / positions;
  const value = param.scale === 'log' ? param.min * (param.max / param.min) ** share : param.min + share * (param.max - param.min);
  return clamp(param, param.step > 0 ? value : Number(value.toPrecision(value >= 1 ? 3 : 2)));
}
