/** Delays of many messages, as the reports have them. */
import * as v from 'valibot';

/** Results of an earlier time have no p99.9. */
export const latencySchema = v.strictObject({
  p50Ms: v.number(),
  p99Ms: v.number(),
  p999Ms: v.optional(v.number()),
  maxMs: v.number(),
});
export type Latency = v.InferOutput<typeof latencySchema>;

/** Sums up delays in milliseconds. */
export function latencyOf(samples: readonly number[]): Latency {
  const sorted = samples.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999), maxMs: at(1) };
}
