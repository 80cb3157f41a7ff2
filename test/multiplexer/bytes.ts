import { native } from '../../src/binding/load.js';

/** Reads until nothing is left. @returns how many bytes there were */
export function empty(fd: number): number {
  const buffer = Buffer.alloc(65_536);
  let total = 0;
  for (;;) {
    const count = native.read(fd, buffer, 0, buffer.length);
    if (count <= 0) return total;
    total += count;
  }
}
