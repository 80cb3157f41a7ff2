/** Parses JSON with comments and trailing commas. */
import { parse, type ParseError, printParseErrorCode } from 'jsonc-parser';

/** The text is not JSON with comments. `message` starts with the line and the column, both counted from 1. */
export class JsoncSyntaxError extends Error {
  override readonly name = 'JsoncSyntaxError';
}

/**
 * Parses a text.
 *
 * @throws {@link JsoncSyntaxError} at the first error
 */
export function parseJsonc(source: string): unknown {
  const errors: ParseError[] = [];
  const value: unknown = parse(source, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined)
    throw new JsoncSyntaxError(`${position(source, first.offset)}: not JSON: ${describe(first)}`);
  return value;
}

/** Returns what there is in a text, whatever is wrong with it. */
export function parseTolerantly(source: string): unknown {
  return parse(source, [], { allowTrailingComma: true });
}

function position(source: string, offset: number): string {
  const lines = source.slice(0, offset).split('\n');
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** Returns the parser's name of an error, such as `PropertyNameExpected`, in words. */
function describe({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
}
