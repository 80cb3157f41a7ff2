import { median } from './median.js';

/** The values of all runs. */
export interface Range {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

export function rangeOf(values: readonly number[]): Range {
  return { least: Math.min(...values), median: median(values), most: Math.max(...values) };
}
