import { BLUE, frame, GREY, tenth, text, TOP, WIDTH, YELLOW } from './svg.js';

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const HEIGHT = 380;
const LEFT = 70;
const RIGHT = 90;
const BOTTOM = 40;
const COLOURS = [BLUE, YELLOW, GREY];

/** Lines over two logarithmic axes, each with its name at its end. */
export function linePlot(title: string, series: readonly Series[]): string {
  const points = series.flatMap((one) => one.points);
  const across = axis(
    points.map(({ x }) => x),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = axis(
    points.map(({ y }) => y),
    HEIGHT - BOTTOM,
    TOP,
  );
  const parts = [
    ...up.decades.flatMap((value) => {
      const y = tenth(up.at(value));
      return [
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#80889055"/>`,
        text(LEFT - 8, y + 4, value.toLocaleString('en'), 'text-anchor="end"'),
      ];
    }),
    ...across.decades.map((value) =>
      text(across.at(value), HEIGHT - BOTTOM + 18, value.toLocaleString('en'), 'text-anchor="middle"'),
    ),
    ...series.flatMap(({ name, points: own }, index) => {
      const colour = COLOURS[index % COLOURS.length] ?? GREY;
      const places = own.map(({ x, y }) => ({ x: tenth(across.at(x)), y: tenth(up.at(y)) }));
      const end = places.at(-1) ?? { x: LEFT, y: TOP };
      return [
        `<polyline points="${places.map(({ x, y }) => `${x},${y}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...places.map(({ x, y }) => `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`),
        text(end.x + 8, end.y + 4, name, `fill="${colour}"`),
      ];
    }),
  ];
  return frame(title, HEIGHT, parts);
}

/** A logarithmic axis over the whole decades around its values. Gives the place of a value between two coordinates. */
function axis(values: readonly number[], begin: number, end: number) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  return {
    at: (value: number) => begin + ((Math.log10(value) - low) / (high - low)) * (end - begin),
    decades: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  };
}
