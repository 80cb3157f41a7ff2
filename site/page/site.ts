/** What every page does: the colours, the folded menu, the search, and unfolding what a link leads to. */
import { startSearch } from './search.js';
import { storedTheme } from './stored-theme.js';

function startThemeSwitch(): void {
  document.querySelector('#theme')?.addEventListener('click', () => {
    const { dataset } = document.documentElement;
    const isDark =
      (dataset['theme'] ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
    const theme = isDark ? 'light' : 'dark';
    dataset['theme'] = theme;
    storedTheme.write(theme);
  });
}

function startMenu(): void {
  const button = document.querySelector('nav.side > button');
  button?.addEventListener('click', () => {
    button.setAttribute('aria-expanded', String(button.getAttribute('aria-expanded') !== 'true'));
  });
}

/** A constant is folded away with its table: a link to it unfolds that. */
function unfoldTarget(): void {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target?.closest('details');
  if (target === null || details === null || details === undefined) return;
  details.open = true;
  target.scrollIntoView();
}

startThemeSwitch();
startMenu();
startSearch();
unfoldTarget();
addEventListener('hashchange', unfoldTarget);
