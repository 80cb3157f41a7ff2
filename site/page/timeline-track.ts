/** Draws the steps of a story as a table: a column for each step, a row for each trigger. */
import type { Step } from './timeline-recording.js';

/** Makes an element of a class, with text or children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  element.append(...children);
  return element;
}

/** What eyes see, and what is read aloud in its place. */
function sign(seen: string, spoken: string, className: string): HTMLElement {
  const mark = make('span', className, seen);
  mark.setAttribute('aria-hidden', 'true');
  return make('span', '', mark, make('span', 'timeline-spoken', spoken));
}

function row(title: string, className: string, cells: readonly (Node | string)[]): HTMLTableRowElement {
  const head = make('th', '', title);
  head.scope = 'row';
  return make('tr', className, head, ...cells.map((cell) => make('td', '', cell)));
}

/** What happens without a byte, in a word that fits a column. */
const WORDS: Readonly<Record<string, string>> = { rearm: 'rearm', close: 'close' };

/** How the number of unread bytes has changed with each step. */
function changes(steps: readonly Step[]): number[] {
  return steps.map(({ unread }, index) => unread - (steps[index - 1]?.unread ?? 0));
}

/** What happens in each step, and what it leaves. */
function happenings(steps: readonly Step[]): HTMLTableRowElement[] {
  const moved = changes(steps);
  const arrived = moved.map((bytes) => amount(bytes));
  const read = moved.map((bytes) => amount(-bytes));
  const others = steps.map(({ action }) => WORDS[action] ?? sign('', 'nothing', ''));
  const unread = steps.map((step) => String(step.unread));
  return [row('arrives', '', arrived), row('is read', '', read), row('else', '', others), row('unread', '', unread)];
}

function reportsOf(trigger: string, index: number, steps: readonly Step[]): HTMLTableRowElement {
  const cells = steps.map(({ reports }) =>
    reports[index] === true ? sign('●', 'reports', 'timeline-dot') : sign('–', 'is silent', 'timeline-dash'),
  );
  return row(trigger, 'timeline-reports', cells);
}

function amount(bytes: number): Node | string {
  return bytes > 0 ? String(bytes) : sign('', 'none', '');
}

export class Track {
  readonly element = make('div', 'timeline-track');
  readonly #triggers: readonly string[];
  readonly #choose: (index: number) => void;
  #columns: readonly HTMLTableCellElement[][] = [];

  /** @param choose is called with the number of a step that somebody points at */
  constructor(triggers: readonly string[], choose: (index: number) => void) {
    this.#triggers = triggers;
    this.#choose = choose;
    this.element.tabIndex = 0;
    this.element.setAttribute('role', 'region');
    this.element.setAttribute('aria-label', 'Timeline');
  }

  draw(steps: readonly Step[]): void {
    const corner = make('th', '', 'step');
    corner.scope = 'col';
    const heads = steps.map(({ text }, index) => this.#head(text, index));
    const rows = [...happenings(steps), ...this.#triggers.map((trigger, index) => reportsOf(trigger, index, steps))];
    const table = make('table', '', make('thead', '', make('tr', '', corner, ...heads)), make('tbody', '', ...rows));
    this.#columns = heads.map((head, index) => [
      head,
      ...rows.flatMap(({ cells }) => (cells[index + 1] === undefined ? [] : [cells[index + 1]])).filter(isCell),
    ]);
    this.element.replaceChildren(table);
  }

  /** Shows one step, and dims what comes after it. */
  select(current: number): void {
    for (const [index, cells] of this.#columns.entries()) {
      for (const cell of cells) {
        cell.classList.toggle('timeline-current', index === current);
        cell.classList.toggle('timeline-later', index > current);
      }
    }
    const head = this.#columns[current]?.[0];
    for (const [other] of this.#columns) other?.removeAttribute('aria-current');
    head?.setAttribute('aria-current', 'step');
    if (head === undefined) return;
    // Within its own box alone: the page must not move.
    const { clientWidth, scrollLeft } = this.element;
    const [left, right] = [head.offsetLeft - 2 * head.offsetWidth, head.offsetLeft + 2 * head.offsetWidth];
    if (left < scrollLeft || right > scrollLeft + clientWidth) this.element.scrollLeft = left;
  }

  #head(text: string, index: number): HTMLTableCellElement {
    const button = make('button', '', String(index + 1));
    button.type = 'button';
    button.setAttribute('aria-label', `Step ${index + 1}: ${text}`);
    button.addEventListener('click', () => this.#choose(index));
    const head = make('th', '', button);
    head.scope = 'col';
    return head;
  }
}

const isCell = (cell: HTMLTableCellElement | undefined): cell is HTMLTableCellElement => cell !== undefined;
