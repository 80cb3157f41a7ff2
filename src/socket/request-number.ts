/** Requests of ioctl(2) whose number contains the length of their memory. */
import { checkInteger, MAX_UINT32 } from '../arguments.js';

/** The place of the size in a request, and its maximum: asm-generic/ioctl.h. */
const SIZE_SHIFT = 16;
const MAX_SIZE = 0x3fff;
const SIZE_MASK = MAX_SIZE * 2 ** SIZE_SHIFT;

/**
 * Completes a request whose macro takes a length in C: `EVIOCGNAME(256)` is `sizedRequest(INPUT.EVIOCGNAME, 256)`, and
 * `SPI_IOC_MESSAGE(2)` is `sizedRequest(SPI.SPI_IOC_MESSAGE, 2 * 32)`.
 *
 * @param request the constant, in which the length is 0
 * @param sizeBytes 0 to 16383
 * @returns the number for `ioctl`
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function sizedRequest(request: number, sizeBytes: number): number {
  checkInteger(request, 'request', 0, MAX_UINT32);
  checkInteger(sizeBytes, 'sizeBytes', 0, MAX_SIZE);
  return ((request & ~SIZE_MASK) | (sizeBytes << SIZE_SHIFT)) >>> 0;
}
