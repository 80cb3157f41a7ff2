/** The frame of a plot, in SVG on white ground, so that it reads the same wherever it is shown. */

export const WIDTH = 760;
/** The height of the title. */
export const TOP = 40;
/** Each is above 4.5 : 1 on white. */
export const INK = '#1d2226';
export const SOFT = '#57606a';
export const BLUE = '#0b5cad';
export const ORANGE = '#9a4a00';
export const GREY = '#6b737b';

export function frame(title: string, height: number, parts: readonly string[], width = WIDTH): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="sans-serif" font-size="12" fill="${INK}">\n` +
    `<rect width="${width}" height="${height}" fill="#ffffff"/>\n` +
    `${text(8, 22, title, 'font-size="14" font-weight="bold"')}\n${parts.join('\n')}\n</svg>\n`
  );
}

export function text(x: number, y: number, content: string, ...attributes: readonly string[]): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text ${[`x="${tenth(x)}"`, `y="${tenth(y)}"`, ...attributes].join(' ')}>${escaped}</text>`;
}

export function line(from: readonly [number, number], to: readonly [number, number], colour: string): string {
  const [x1, y1] = from.map(tenth);
  const [x2, y2] = to.map(tenth);
  return `<line x1="${x1 ?? 0}" y1="${y1 ?? 0}" x2="${x2 ?? 0}" y2="${y2 ?? 0}" stroke="${colour}"/>`;
}

/** As exact as a coordinate has to be. */
export function tenth(value: number): number {
  return Math.round(10 * value) / 10;
}
