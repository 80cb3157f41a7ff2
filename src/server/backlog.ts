/** The bound for what waits for all readers together. */

/** Somebody who is sent more than it takes. */
export interface Reader {
  /** Bytes that wait for it; 0 when it has been cut off. */
  readonly pendingBytes: number;
  /** Ends its connection without waiting for what is pending. */
  cut(reason: string): void;
}

/**
 * Cuts off those who are furthest behind, until what waits for the others is within the limit.
 *
 * @param limitBytes - 0 for no limit
 */
export function cutFurthestBehind(readers: Iterable<Reader>, limitBytes: number): void {
  if (limitBytes === 0) return;
  let totalBytes = 0;
  for (const { pendingBytes } of readers) totalBytes += pendingBytes;
  if (totalBytes <= limitBytes) return;
  const furthestFirst = [...readers].sort((one, other) => other.pendingBytes - one.pendingBytes);
  for (const reader of furthestFirst) {
    const { pendingBytes } = reader;
    reader.cut(`Max SendQ exceeded: ${totalBytes} bytes wait for all readers, the limit is ${limitBytes}`);
    totalBytes -= pendingBytes;
    if (totalBytes <= limitBytes) break;
  }
}
