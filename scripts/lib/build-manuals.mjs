import { readFileSync } from 'node:fs';
import { readCommandTable } from './command-table.mjs';
import { bashCompletion, fishCompletion, zshCompletion } from './completions.mjs';
import { manPage } from './man-page.mjs';
import { at } from './paths.mjs';

/** What the system of a user takes from the package: the manual page, completions for shells, a unit for systemd. */
export async function buildManuals(dist) {
  const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const table = await readCommandTable(version);
  return [
    { path: at(dist, 'man/fdmux.1'), text: manPage(table, version) },
    { path: at(dist, 'completions/fdmux.bash'), text: bashCompletion(table) },
    { path: at(dist, 'completions/fdmux.zsh'), text: zshCompletion(table) },
    { path: at(dist, 'completions/fdmux.fish'), text: fishCompletion(table) },
    { path: at(dist, 'systemd/fdmux.service'), text: readFileSync(at('deploy/fdmux.service'), 'utf8') },
  ];
}
