import { BLUE, frame, GREY, tenth, text, TOP, WIDTH } from './svg.js';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Said behind the value. */
  readonly note: string;
}

const LABEL_WIDTH = 150;
const BAR_HEIGHT = 20;
const STEP = 28;
/** Room for what is said behind the longest bar. */
const TEXT_WIDTH = 260;

/** Horizontal bars, the longest as long as there is room. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const longest = Math.max(...bars.map(({ value }) => value), 1);
  const rows = bars.map(({ label, value, note }, index) => {
    const y = TOP + index * STEP;
    const width = Math.max(1, (value / longest) * (WIDTH - LABEL_WIDTH - TEXT_WIDTH));
    const colour = label.startsWith('fdmux') ? BLUE : GREY;
    const said = `${Math.round(value).toLocaleString('en')}${note === '' ? '' : `, ${note}`}`;
    return (
      text(LABEL_WIDTH - 8, y + 15, label, 'text-anchor="end"') +
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${tenth(width)}" height="${BAR_HEIGHT}" fill="${colour}"/>` +
      text(LABEL_WIDTH + width + 6, y + 15, said)
    );
  });
  return frame(title, TOP + bars.length * STEP + 8, rows);
}
