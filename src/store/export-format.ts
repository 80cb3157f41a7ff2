/** The text form of a store: one JSON value per line, with everything that the file contains. */

/** The version of the form. */
const FORMAT = 1;

/** The first line: the version of the tables, and when it was written. */
export interface Heading {
  readonly fdmux: 'export';
  readonly format: typeof FORMAT;
  readonly schema: number;
  readonly atMs: number;
}

/** A value of a row. Bytes that hold JSON are written as JSON, so that a reader of the text can read them. */
export type Cell = string | number | null | { readonly json: unknown } | { readonly base64: string };

/** A row of a table. */
export interface Row {
  readonly table: string;
  readonly row: Readonly<Record<string, Cell>>;
}

/** The last line; a text without it is cut off. */
export interface Ending {
  readonly rows: number;
}

/** One line. */
export type Line = Heading | Row | Ending;

export function heading(schema: number, atMs: number): Heading {
  return { fdmux: 'export', format: FORMAT, schema, atMs };
}

/** Writes a value so that {@link fromCell} reads exactly the same. */
export function toCell(value: unknown): Cell {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  if (!(value instanceof Uint8Array)) throw new TypeError('a column holds a value of another type');
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const json: unknown = JSON.parse(text);
    if (JSON.stringify(json) === text) return { json };
  } catch {
    // It is no JSON.
  }
  return { base64: bytes.toString('base64') };
}

export function fromCell(cell: Cell): string | number | Uint8Array | null {
  if (typeof cell !== 'object' || cell === null) return cell;
  return 'json' in cell ? Buffer.from(JSON.stringify(cell.json)) : Buffer.from(cell.base64, 'base64');
}

/** Reads a line. @throws TypeError, SyntaxError */
export function readLine(text: string): Line {
  const value: unknown = JSON.parse(text);
  if (isHeading(value) || isRow(value) || isEnding(value)) return value;
  throw new TypeError('it is no line of an export');
}

function isHeading(value: unknown): value is Heading {
  return (
    isObject(value) &&
    Reflect.get(value, 'fdmux') === 'export' &&
    Reflect.get(value, 'format') === FORMAT &&
    Number.isSafeInteger(Reflect.get(value, 'schema'))
  );
}

function isRow(value: unknown): value is Row {
  if (!isObject(value) || typeof Reflect.get(value, 'table') !== 'string') return false;
  const row: unknown = Reflect.get(value, 'row');
  return isObject(row) && Object.values(row).every(isCell);
}

function isCell(value: unknown): value is Cell {
  if (!isObject(value)) return typeof value === 'string' || typeof value === 'number' || value === null;
  return Object.hasOwn(value, 'json') || typeof Reflect.get(value, 'base64') === 'string';
}

function isEnding(value: unknown): value is Ending {
  return isObject(value) && Number.isSafeInteger(Reflect.get(value, 'rows'));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
