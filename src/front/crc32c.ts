/** CRC-32C, the checksum of PROXY headers (RFC 9260 appendix A). */

/** The polynomial of Castagnoli with its bits reversed. */
const POLYNOMIAL = 0x82f6_3b78;
const BITS_PER_BYTE = 8;

/** Returns the checksum, from 0 to 2^32-1. Bit by bit: headers are short, and few carry one. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < BITS_PER_BYTE; bit += 1) sum = (sum >>> 1) ^ ((sum & 1) === 1 ? POLYNOMIAL : 0);
  }
  return ~sum >>> 0;
}
