/** The groups of this machine (group(5)). */

export const GROUP_FILE = '/etc/group';

/** Parses the names and numbers of groups; invalid lines are skipped. */
export function parseGroups(source: string): ReadonlyMap<string, number> {
  const groups = new Map<string, number>();
  for (const line of source.split('\n')) {
    const [name = '', , number = ''] = line.split(':');
    if (name !== '' && /^\d{1,10}$/.test(number)) groups.set(name, Number(number));
  }
  return groups;
}
