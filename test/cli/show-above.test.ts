import { createInterface, type Interface } from 'node:readline';
import { PassThrough, Writable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { showAbove } from '../../src/cli/show-above.js';

const COLUMNS = 20;

/** As much of a terminal as readline needs: text that wraps, and a cursor that moves. */
class Screen extends Writable {
  readonly columns = COLUMNS;
  readonly #rows: string[] = [''];
  #row = 0;
  #column = 0;

  get rows(): readonly string[] {
    return this.#rows.map((row) => row.trimEnd());
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const [token, count, command] of chunk.toString().matchAll(/\u001b\[(\d*)([A-Z])|[^]/g)) {
      if (command !== undefined) this.#move(command, count === '' ? null : Number(count));
      else if (token === '\n') this.#goTo(this.#row + 1, 0);
      else if (token === '\r') this.#column = 0;
      else this.#print(token);
    }
    done();
  }

  #move(command: string, count: number | null): void {
    if (command === 'A') this.#row = Math.max(0, this.#row - (count ?? 1));
    else if (command === 'B') this.#goTo(this.#row + (count ?? 1), this.#column);
    else if (command === 'C') this.#column += count ?? 1;
    else if (command === 'D') this.#column -= count ?? 1;
    else if (command === 'G') this.#column = (count ?? 1) - 1;
    else if (command === 'J') {
      this.#rows[this.#row] = (this.#rows[this.#row] ?? '').slice(0, this.#column);
      this.#rows.length = this.#row + 1;
    }
  }

  #goTo(row: number, column: number): void {
    this.#row = row;
    this.#column = column;
    while (this.#rows.length <= row) this.#rows.push('');
  }

  #print(character: string): void {
    if (this.#column === COLUMNS) this.#goTo(this.#row + 1, 0);
    const row = (this.#rows[this.#row] ?? '').padEnd(this.#column);
    this.#rows[this.#row] = row.slice(0, this.#column) + character + row.slice(this.#column + 1);
    this.#column += 1;
  }
}

function openTerminal(): { lines: Interface; screen: Screen; type: (text: string) => void } {
  const screen = new Screen();
  const lines = createInterface({ input: new PassThrough(), output: screen, terminal: true });
  onTestFinished(() => {
    lines.close();
  });
  lines.setPrompt('> ');
  lines.prompt();
  return {
    lines,
    screen,
    type: (text) => {
      lines.write(text);
    },
  };
}

const TYPED = 'a line that wraps over three rows and a bit';

test.for([5, 17, 18, 19, 38, 43])('a line of %i characters stays whole below what is shown', (length) => {
  const { lines, screen, type } = openTerminal();
  const typed = TYPED.slice(0, length);
  for (const character of typed) type(character);
  showAbove(lines, screen, 'one');
  showAbove(lines, screen, 'a message that wraps, too');
  type('!');
  showAbove(lines, screen, 'three');
  expect(screen.rows.slice(0, 4)).toEqual(['one', 'a message that wraps', ', too', 'three']);
  expect(
    screen.rows
      .slice(4)
      .map((row) => row.padEnd(COLUMNS))
      .join('')
      .trimEnd(),
  ).toBe(`> ${typed}!`);
});

test('text shown while the cursor is at the beginning paints over nothing', { tags: ['needs-readline-rows'] }, () => {
  const { lines, screen, type } = openTerminal();
  showAbove(lines, screen, 'one');
  type(TYPED);
  lines.write(null, { ctrl: true, name: 'a' });
  showAbove(lines, screen, 'two');
  type('So: ');
  showAbove(lines, screen, 'three');
  expect(screen.rows).toEqual(['one', 'two', 'three', '> So: a line that wr', 'aps over three rows', 'and a bit']);
});
