/** Filters the truth table: the address keeps what was chosen, so that a row can be pointed at. */

/** The filters are in the order of the columns. */
function start(form: HTMLFormElement, rows: readonly HTMLTableRowElement[]): void {
  const selects = [...form.querySelectorAll('select')];
  const status = form.querySelector('[role="status"]');
  const update = (): void => {
    let shown = 0;
    for (const row of rows) {
      const fits = selects.every(({ value }, column) => value === '' || row.cells[column]?.textContent === value);
      row.hidden = !fits;
      if (fits) shown += 1;
    }
    if (status !== null) status.textContent = `${shown} of ${rows.length} rows`;
  };
  const chosen = new URLSearchParams(location.search);
  for (const select of selects) {
    const value = chosen.get(select.name);
    if (value !== null) select.value = value;
  }
  form.addEventListener('change', () => {
    const query = new URLSearchParams(selects.flatMap(({ name, value }) => (value === '' ? [] : [[name, value]])));
    history.replaceState(null, '', query.size === 0 ? location.pathname : `?${query}`);
    update();
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  update();
}

const form = document.querySelector<HTMLFormElement>('form[data-truth-table]');
if (form !== null) start(form, [...document.querySelectorAll<HTMLTableRowElement>('#truth tbody tr')]);
