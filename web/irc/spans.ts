/** The formats of a message (modern.ircdocs.horse/formatting) as runs of text with class names. */

export interface Span {
  readonly text: string;
  /** Class names, separated by spaces; empty for plain text. */
  readonly classes: string;
}

interface Style {
  readonly flags: ReadonlySet<string>;
  /** 0 to 15, or -1 for the page's own. */
  readonly foreground: number;
  readonly background: number;
}

const FLAGS: Readonly<Record<string, string>> = {
  '\x02': 'bold',
  '\x11': 'monospace',
  '\x16': 'reverse',
  '\x1d': 'italic',
  '\x1e': 'strike',
  '\x1f': 'underline',
};

const PLAIN: Style = { flags: new Set(), foreground: -1, background: -1 };
/** One format code with its parameters, or a run of other text. */
const PIECE =
  /\x03(?:(\d{1,2})(?:,(\d{1,2}))?)?|\x04(?:[0-9a-f]{6}(?:,[0-9a-f]{6})?)?|[\x02\x0f\x11\x16\x1d-\x1f]|[^\x02-\x04\x0f\x11\x16\x1d-\x1f]+/gi;
/** Of the colours 16 to 87, twelve hues in six shades each: the nearest of the first sixteen. */
const HUES = [4, 7, 8, 9, 3, 10, 11, 12, 2, 6, 13, 13] as const;

/** Returns the runs of a text. Control characters that mean nothing here are left out. */
export function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let style = PLAIN;
  for (const [piece, foreground, background] of text.matchAll(PIECE)) {
    const code = piece.charAt(0);
    if (code === '\x0f') style = PLAIN;
    else if (code === '\x03') style = recoloured(style, foreground, background);
    else if (code === '\x04') continue;
    else if (FLAGS[code] !== undefined) style = toggled(style, FLAGS[code]);
    else append(spans, piece.replace(/[\0-\x08\x0b-\x1f\x7f]/g, ''), classesOf(style));
  }
  return spans;
}

/** Returns a text without its formats. */
export function plainText(text: string): string {
  return spansOf(text)
    .map((span) => span.text)
    .join('');
}

function append(spans: Span[], text: string, classes: string): void {
  if (text === '') return;
  const last = spans.at(-1);
  if (last?.classes === classes) spans[spans.length - 1] = { text: last.text + text, classes };
  else spans.push({ text, classes });
}

function toggled(style: Style, flag: string): Style {
  const flags = new Set(style.flags);
  if (!flags.delete(flag)) flags.add(flag);
  return { ...style, flags };
}

/** A colour code without numbers ends both colours; without a second number the background stays. */
function recoloured(style: Style, foreground: string | undefined, background: string | undefined): Style {
  if (foreground === undefined) return { ...style, foreground: -1, background: -1 };
  return {
    ...style,
    foreground: basicColour(Number(foreground)),
    background: background === undefined ? style.background : basicColour(Number(background)),
  };
}

function basicColour(colour: number): number {
  if (colour <= 15) return colour;
  if (colour <= 87) return HUES[(colour - 16) % HUES.length] ?? -1;
  if (colour === 99) return -1;
  if (colour <= 92) return 1;
  return colour <= 96 ? 14 : colour === 97 ? 15 : 0;
}

/** A background brings its own readable foreground: what somebody else chose may be white on white. */
function classesOf({ flags, foreground, background }: Style): string {
  const classes = [...flags];
  if (background >= 0) classes.push(`bg-${background}`);
  else if (foreground >= 0) classes.push(`fg-${foreground}`);
  return classes.join(' ');
}
