/** The frame of a plot, in SVG that reads on light and dark ground. */

export const WIDTH = 760;
/** The height of the title. */
export const TOP = 40;
export const BLUE = '#2f81f7';
export const YELLOW = '#d29922';
export const GREY = '#8b949e';

export function frame(title: string, height: number, parts: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="sans-serif" font-size="12" fill="#808890">\n` +
    `${text(8, 22, title, 'font-size="14"')}\n${parts.join('\n')}\n</svg>\n`
  );
}

export function text(x: number, y: number, content: string, ...attributes: readonly string[]): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text ${[`x="${tenth(x)}"`, `y="${tenth(y)}"`, ...attributes].join(' ')}>${escaped}</text>`;
}

/** As exact as a coordinate has to be. */
export function tenth(value: number): number {
  return Math.round(10 * value) / 10;
}
