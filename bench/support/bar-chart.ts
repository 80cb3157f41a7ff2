import { BLUE, frame, GREY, INK, line, SOFT, tenth, text, TOP, WIDTH } from './svg.js';

export interface Bar {
  readonly label: string;
  /** The values of all runs. */
  readonly least: number;
  readonly median: number;
  readonly most: number;
  /** The text after the values; empty for nothing. */
  readonly note: string;
}

/** The place of a chart in its plot, and the widths of its parts. */
interface Place {
  readonly left: number;
  readonly top: number;
  readonly labelWidth: number;
  readonly barsWidth: number;
}

const STEP = 28;
const BAR_HEIGHT = 18;
/** Ticks and the title of the axis. */
const AXIS_HEIGHT = 44;
const LABEL_WIDTH = 140;
/** Room for the text behind the longest bar. */
const TEXT_WIDTH = 250;

/** Horizontal bars up to the median of the runs, with a line from the least to the most. */
export function barChart(title: string, axis: string, bars: readonly Bar[]): string {
  const place = { left: 0, top: TOP, labelWidth: LABEL_WIDTH, barsWidth: WIDTH - LABEL_WIDTH - TEXT_WIDTH };
  return frame(title, TOP + chartHeight(bars.length), chart(axis, bars, place));
}

export const chartHeight = (count: number): number => count * STEP + AXIS_HEIGHT;

/** The parts of a chart; its axis begins at 0 and ends where the data does. */
export function chart(axis: string, bars: readonly Bar[], { left, top, labelWidth, barsWidth }: Place): string[] {
  const longest = Math.max(...bars.map(({ most }) => most), Number.MIN_VALUE);
  const begin = left + labelWidth;
  const at = (value: number): number => begin + (value / longest) * barsWidth;
  const bottom = top + bars.length * STEP;
  return [
    ...bars.map(({ label, least, median, most, note }, index) => {
      const y = top + index * STEP;
      const middle = y + BAR_HEIGHT / 2;
      const colour = label.startsWith('fdmux') ? BLUE : GREY;
      const range = figure(least) === figure(most) ? figure(least) : `${figure(least)} to ${figure(most)}`;
      return [
        text(begin - 8, y + 14, label, 'text-anchor="end"'),
        `<rect x="${tenth(begin)}" y="${y}" width="${tenth(Math.max(1, at(median) - begin))}" height="${BAR_HEIGHT}" fill="${colour}"/>`,
        line([at(least), middle], [at(most), middle], INK),
        ...[least, most].map((value) => line([at(value), middle - 4], [at(value), middle + 4], INK)),
        text(at(most) + 8, y + 14, note === '' ? range : `${range}; ${note}`),
      ].join('');
    }),
    line([begin, bottom], [begin + barsWidth, bottom], SOFT),
    text(begin, bottom + 16, '0', 'text-anchor="middle"', `fill="${SOFT}"`),
    text(begin + barsWidth, bottom + 16, figure(longest), 'text-anchor="middle"', `fill="${SOFT}"`),
    text(begin + barsWidth / 2, bottom + 34, axis, 'text-anchor="middle"', `fill="${SOFT}"`),
  ];
}

/** Three digits are as exact as two runs agree. */
export function figure(value: number): string {
  return value === 0 ? '0' : Number(value.toPrecision(3)).toLocaleString('en');
}
