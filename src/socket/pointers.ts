/** Structs that hold pointers, as ioctl(2) and setsockopt(2) take some. */
import { checkArray, checkInteger, checkOptions, MAX_INT32, type OptionNames } from '../arguments.js';
import { outOfRange } from '../errors.js';
import { toWritableBytes } from './receive-buffer.js';

/**
 * A pointer within a struct: its offset in bytes, the buffer that it points to, and the pointers within that buffer.
 * The buffer is changed in place if the kernel writes to it.
 */
export type Pointer = readonly [
  offset: number,
  buffer: ArrayBufferView | ArrayBufferLike,
  pointers?: readonly Pointer[] | undefined,
];

/** Options of the calls that take a struct with pointers. */
export interface PointerOptions {
  /** At most 1023 in all, nested at most 8 deep, with buffers of at most 16 MiB each. */
  readonly pointers: readonly Pointer[];
}

/** The form that the addon takes. */
interface LinkedBlocks {
  readonly links: Int32Array;
  readonly blocks: readonly Uint8Array[];
}

const OPTIONS: OptionNames<PointerOptions> = { pointers: true };
/** I2C_RDWR nests twice. */
const MAX_DEPTH = 8;
/** With the struct itself; the addon takes no more. */
const MAX_BLOCKS = 1024;

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION */
export function linkPointers(struct: unknown, name: string, options: PointerOptions): LinkedBlocks {
  checkOptions(options, 'options', OPTIONS);
  const links: number[] = [];
  const blocks = [toWritableBytes(struct, name)];
  const link = (pointers: unknown, owner: number, depth: number): void => {
    checkArray(pointers, 'options.pointers');
    if (depth > MAX_DEPTH) throw outOfRange('options.pointers', `nested at most ${MAX_DEPTH} deep`, depth);
    for (const pointer of pointers) {
      checkArray(pointer, 'options.pointers');
      const [offset, buffer, inner = []] = pointer;
      checkInteger(offset, 'options.pointers', 0, MAX_INT32);
      links.push(owner, offset);
      // Lists that share other lists could be followed for years.
      if (blocks.length === MAX_BLOCKS)
        throw outOfRange('options.pointers', `at most ${MAX_BLOCKS - 1} in all`, pointers);
      const index = blocks.push(toWritableBytes(buffer, 'options.pointers')) - 1;
      link(inner, index, depth + 1);
    }
  };
  link(options.pointers, 0, 1);
  return { links: Int32Array.from(links), blocks };
}
