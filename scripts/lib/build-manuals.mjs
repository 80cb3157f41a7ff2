import { readFileSync } from 'node:fs';
import { readCommandTable } from './command-table.mjs';
import { bashCompletion, fishCompletion, zshCompletion } from './completions.mjs';
import { manPage } from './man-page.mjs';
import { at } from './paths.mjs';

/**
 * The files that a user's system takes from the package: the manual page, completions, a unit for systemd, a hook of
 * certbot.
 */
export async function buildManuals(dist) {
  const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8'));
  const table = await readCommandTable(version);
  return [
    { path: at(dist, 'man/fdmux.1'), text: manPage(table, version) },
    { path: at(dist, 'completions/fdmux.bash'), text: bashCompletion(table) },
    { path: at(dist, 'completions/fdmux.zsh'), text: zshCompletion(table) },
    { path: at(dist, 'completions/fdmux.fish'), text: fishCompletion(table) },
    ...['fdmux.service', 'fdmux-workers.service', 'certbot-hook.sh'].map((name) => ({
      path: at(dist, 'systemd', name),
      text: readFileSync(at('deploy', name), 'utf8'),
    })),
  ];
}
