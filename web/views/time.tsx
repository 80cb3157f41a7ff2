/** The time of a line. */
import type { JSX } from 'preact';
import type { Formats } from './formats.js';

export function Time({ atMs, formats }: { readonly atMs: number; readonly formats: Formats }): JSX.Element {
  return <time dateTime={new Date(atMs).toISOString()}>{formats.time(atMs)}</time>;
}
