/**
 * The colours of the help. commander takes them out again if the output is not a terminal, or if `NO_COLOR` or
 * `FORCE_COLOR` says so.
 */
import type { HelpConfiguration } from 'commander';

/** A text between two sequences of SGR (ECMA-48, 8.3.117): one that sets a style, and one that ends it. */
const styled =
  (begin: number, end: number) =>
  (text: string): string =>
    `\x1b[${begin}m${text}\x1b[${end}m`;

const bold = styled(1, 22);
const cyan = styled(36, 39);

/** How headings, commands, options and arguments look. */
export const HELP_COLOURS: HelpConfiguration = {
  styleTitle: bold,
  styleCommandText: cyan,
  styleSubcommandText: cyan,
  styleOptionText: styled(32, 39),
  styleArgumentText: styled(33, 39),
};
