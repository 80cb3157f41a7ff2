/** Lines over two logarithmic axes, in SVG that reads on light and dark ground. */

const WIDTH = 760;
const HEIGHT = 380;
const LEFT = 70;
const RIGHT = 90;
const TOP = 40;
const BOTTOM = 40;
const COLOURS = ['#2f81f7', '#d29922', '#8b949e'];

/**
 * @param {string} title
 * @param {readonly { name: string, points: readonly { x: number, y: number }[] }[]} series
 */
export function linePlot(title, series) {
  const all = series.flatMap(({ points }) => points);
  const xs = range(all.map(({ x }) => x));
  const ys = range(all.map(({ y }) => y));
  const left = (x) => LEFT + ((Math.log10(x) - xs.low) / (xs.high - xs.low)) * (WIDTH - LEFT - RIGHT);
  const top = (y) => HEIGHT - BOTTOM - ((Math.log10(y) - ys.low) / (ys.high - ys.low)) * (HEIGHT - TOP - BOTTOM);
  const parts = [`<text x="8" y="22" font-size="14">${title}</text>`];
  for (const tick of decades(ys)) {
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${top(tick).toFixed(1)}" y2="${top(tick).toFixed(1)}" stroke="#80889055"/>`,
      `<text x="${LEFT - 8}" y="${(top(tick) + 4).toFixed(1)}" text-anchor="end">${tick.toLocaleString('en')}</text>`,
    );
  }
  for (const tick of decades(xs)) {
    parts.push(
      `<text x="${left(tick).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tick.toLocaleString('en')}</text>`,
    );
  }
  series.forEach(({ name, points }, index) => {
    const path = points.map(({ x, y }) => `${left(x).toFixed(1)},${top(y).toFixed(1)}`).join(' ');
    const last = points.at(-1);
    const colour = COLOURS[index % COLOURS.length];
    parts.push(
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map(
        ({ x, y }) => `<circle cx="${left(x).toFixed(1)}" cy="${top(y).toFixed(1)}" r="3" fill="${colour}"/>`,
      ),
      `<text x="${(left(last.x) + 8).toFixed(1)}" y="${(top(last.y) + 4).toFixed(1)}" fill="${colour}">${name}</text>`,
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `font-family="sans-serif" font-size="12" fill="#808890">\n${parts.join('\n')}\n</svg>\n`
  );
}

/** Whole decades around the values, as logarithms. */
function range(values) {
  return { low: Math.floor(Math.log10(Math.min(...values))), high: Math.ceil(Math.log10(Math.max(...values))) };
}

function decades({ low, high }) {
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
}
