/** The truth table: all rows, which the page's script filters. */
import * as v from 'valibot';
import type { Checkout } from './checkout.js';
import { type Html, html } from './html.js';

export const TRUTH_TABLE_FILE = 'docs/truth-table.json';

const rowSchema = v.strictObject({
  fd: v.string(),
  situation: v.string(),
  backend: v.string(),
  trigger: v.string(),
  first: v.string(),
  again: v.string(),
  rearmed: v.nullable(v.string()),
});
const tableSchema = v.strictObject({ asked: v.string(), rows: v.array(rowSchema) });

const FILTERS = ['fd', 'situation', 'backend', 'trigger'] as const;
const TITLES = { fd: 'fd', situation: 'Situation', backend: 'Backend', trigger: 'Trigger' } as const;

/** The table with its filters. Without the script it shows all rows. */
export function truthTable(checkout: Checkout): Html {
  const { rows } = v.parse(tableSchema, JSON.parse(checkout.read(TRUTH_TABLE_FILE)));
  const filters = FILTERS.map((key) => {
    const values = [...new Set(rows.map((row) => row[key]))];
    const options = values.map((value) => html`<option>${value}</option>`);
    return html`<div>
      <label for="filter-${key}">${TITLES[key]}</label>
      <select id="filter-${key}" name="${key}">
        <option value="">all</option>
        ${options}
      </select>
    </div>`;
  });
  const body = rows.map(({ fd, situation, backend, trigger, first, again, rearmed }) => {
    const cells = [fd, situation, backend, trigger].map((text) => html`<td>${text}</td>`);
    const reports = [first, again, rearmed].map((report) => html`<td>${reportCell(report)}</td>`);
    return html`<tr>
      ${cells}${reports}
    </tr>`;
  });
  return html`<form class="filters" data-truth-table aria-label="Filter">
      ${filters}
      <p role="status">${rows.length} rows</p>
    </form>
    <div class="scroll tall" tabindex="0" role="group" aria-label="The truth table">
      <table id="truth">
        <thead>
          <tr>
            <th scope="col">fd</th>
            <th scope="col">Situation</th>
            <th scope="col">Backend</th>
            <th scope="col">Trigger</th>
            <th scope="col">First wait</th>
            <th scope="col">Next wait</th>
            <th scope="col">Rearmed</th>
          </tr>
        </thead>
        <tbody>
          ${body}
        </tbody>
      </table>
    </div>`;
}

function reportCell(report: string | null): Html | null {
  if (report === null) return null;
  return report === '' ? html`<span class="nothing">nothing</span>` : html`<code>${report}</code>`;
}
