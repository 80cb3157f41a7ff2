import { BLUE, frame, GREY, INK, line, ORANGE, SOFT, tenth, text, TOP, WIDTH } from './svg.js';

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** The titles of the two axes, with their units. */
export interface AxisTitles {
  readonly x: string;
  readonly y: string;
}

const HEIGHT = 400;
const LEFT = 80;
const RIGHT = 90;
const BOTTOM = 56;
/** Ticks and labels that are nearer to one another would overlap. */
const LABEL_GAP = 15;
const TICK_GAP = 36;
const COLOURS = [BLUE, ORANGE, GREY];

/** Lines over two logarithmic axes that end where the data does, each with its name at its end. */
export function linePlot(title: string, titles: AxisTitles, series: readonly Series[]): string {
  const points = series.flatMap((one) => one.points);
  const right = WIDTH - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const across = axis(
    points.map(({ x }) => x),
    LEFT,
    right,
  );
  const up = axis(
    points.map(({ y }) => y),
    bottom,
    TOP,
  );
  const names = spread(series.map(({ points: own }) => up.at(own.at(-1)?.y ?? 1)));
  const parts = [
    ...up.ticks.flatMap((value) => [
      line([LEFT, up.at(value)], [right, up.at(value)], '#d6dbd8'),
      text(LEFT - 8, up.at(value) + 4, value.toLocaleString('en'), 'text-anchor="end"'),
    ]),
    ...across.ticks.map((value) =>
      text(across.at(value), bottom + 18, value.toLocaleString('en'), 'text-anchor="middle"'),
    ),
    line([LEFT, bottom], [right, bottom], SOFT),
    line([LEFT, TOP], [LEFT, bottom], SOFT),
    text((LEFT + right) / 2, bottom + 42, titles.x, 'text-anchor="middle"', `fill="${SOFT}"`),
    text(
      0,
      0,
      titles.y,
      'text-anchor="middle"',
      `fill="${SOFT}"`,
      `transform="translate(16 ${(TOP + bottom) / 2}) rotate(-90)"`,
    ),
    ...series.flatMap(({ name, points: own }, index) => {
      const colour = COLOURS[index % COLOURS.length] ?? INK;
      const places = own.map(({ x, y }) => ({ x: tenth(across.at(x)), y: tenth(up.at(y)) }));
      return [
        `<polyline points="${places.map(({ x, y }) => `${x},${y}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...places.map(({ x, y }) => `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`),
        text((places.at(-1)?.x ?? LEFT) + 8, (names[index] ?? TOP) + 4, name, `fill="${colour}"`),
      ];
    }),
  ];
  return frame(title, HEIGHT, parts);
}

/** Moves places apart that are nearer than a label is high; the order stays. */
function spread(places: readonly number[]): readonly number[] {
  const moved = [...places];
  const order = places.map((_, index) => index).sort((a, b) => (places[b] ?? 0) - (places[a] ?? 0));
  let below = Infinity;
  for (const index of order) {
    below = Math.min(moved[index] ?? 0, below - LABEL_GAP);
    moved[index] = below;
  }
  return moved;
}

/**
 * A logarithmic axis from the least to the greatest value. Its ticks are those two and the powers of ten between them,
 * unless one would touch the other.
 */
function axis(values: readonly number[], begin: number, end: number) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [low, high] = [Math.log10(least), Math.log10(most)];
  const at = (value: number): number => begin + ((Math.log10(value) - low) / (high - low || 1)) * (end - begin);
  const powers = Array.from(
    { length: Math.max(0, Math.floor(high) - Math.ceil(low) + 1) },
    (_, index) => 10 ** (Math.ceil(low) + index),
  );
  const isApart = (value: number): boolean =>
    [least, most].every((other) => Math.abs(at(value) - at(other)) >= TICK_GAP);
  return { at, ticks: [least, ...powers.filter(isApart), most] };
}
