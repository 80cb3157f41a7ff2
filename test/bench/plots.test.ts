import { describe, expect, test } from 'vitest';
import { barChart } from '../../bench/support/bar-chart.js';
import { linePlot } from '../../bench/support/line-plot.js';
import { BLUE, GREY, INK, ORANGE, SOFT } from '../../bench/support/svg.js';

/** The contrast of a colour on white, as WCAG 2 has it. */
function contrastOnWhite(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}

const texts = (svg: string): { x: number; y: number; text: string }[] =>
  [...svg.matchAll(/<text x="([\d.-]+)" y="([\d.-]+)"[^>]*>([^<]*)</g)].map(([, x, y, text = '']) => ({
    ...{ x: Number(x), y: Number(y), text },
  }));

test.each([INK, SOFT, BLUE, ORANGE, GREY])('%s has a contrast above 4.5 on the ground of the plots', (colour) => {
  expect(contrastOnWhite(colour)).toBeGreaterThan(4.5);
});

describe('a chart of bars', () => {
  const bar = (label: string, least: number, median: number, most: number) => ({
    label,
    least,
    median,
    most,
    note: '',
  });
  const svg = barChart('a title', 'ns of CPU per message', [
    bar('C', 1, 2, 3),
    bar('fdmux', 90, 100, 120),
    bar('one', 5, 5, 5),
  ]);

  test('has a title on its axis, which ends where the data does', () => {
    expect(svg).toContain('>ns of CPU per message<');
    expect(svg).toMatch(/>0<[\s\S]*>120</);
  });

  test('shows the least and the most, and one figure if they are the same', () => {
    expect(texts(svg).map(({ text }) => text)).toEqual(expect.arrayContaining(['1 to 3', '90 to 120', '5']));
  });

  test('has no label beyond its width', () => {
    for (const { x, text } of texts(svg)) expect(x + 7 * text.length).toBeLessThan(760 + 7 * 12);
  });
});

describe('a plot of lines', () => {
  const series = (name: string, factor: number) => ({
    name,
    points: [10, 100, 15_000].map((x) => ({ x, y: factor * x })),
  });
  const svg = linePlot('a title', { x: 'fds', y: 'us' }, [
    series('poll', 1),
    series('select', 1.001),
    series('third', 0.999),
  ]);

  test('keeps the names at the ends of its lines apart, in their order', () => {
    const names = texts(svg).filter(({ text }) => ['poll', 'select', 'third'].includes(text));
    const sorted = names.toSorted((a, b) => a.y - b.y);
    expect(sorted.map(({ text }) => text)).toEqual(['select', 'poll', 'third']);
    for (const [index, { y }] of sorted.entries()) {
      if (index > 0) expect(y - (sorted[index - 1]?.y ?? 0)).toBeGreaterThanOrEqual(15);
    }
  });

  test('has titles on its axes, which end where the data does', () => {
    const all = texts(svg).map(({ text }) => text);
    expect(all).toEqual(expect.arrayContaining(['fds', 'us', '10', '15,000', '100', '1,000']));
    expect(all).not.toContain('100,000');
    // 10,000 would touch 15,000.
    expect(all).not.toContain('10,000');
  });
});
