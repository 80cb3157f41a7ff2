/** Plots without a library: bars, in SVG that reads on light and dark ground. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Said behind the value. */
  readonly note: string;
}

const WIDTH = 760;
const LABEL_WIDTH = 150;
const BAR_HEIGHT = 20;
const STEP = 28;
const TOP = 40;
/** Room for what is said behind the longest bar. */
const TEXT_WIDTH = 260;

/** Horizontal bars, the longest as long as there is room. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const longest = Math.max(...bars.map(({ value }) => value), 1);
  const height = TOP + bars.length * STEP + 8;
  const rows = bars.map(({ label, value, note }, index) => {
    const y = TOP + index * STEP;
    const width = Math.max(1, (value / longest) * (WIDTH - LABEL_WIDTH - TEXT_WIDTH));
    const colour = label.startsWith('fdmux') ? '#2f81f7' : '#8b949e';
    const text = `${Math.round(value).toLocaleString('en')}${note === '' ? '' : `, ${note}`}`;
    return (
      `<text x="${LABEL_WIDTH - 8}" y="${y + 15}" text-anchor="end">${escape(label)}</text>` +
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${colour}"/>` +
      `<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${y + 15}">${escape(text)}</text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="sans-serif" font-size="12" fill="#808890">\n` +
    `<text x="8" y="22" font-size="14">${escape(title)}</text>\n${rows.join('\n')}\n</svg>\n`
  );
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
