/** The pages in docs/ agree with the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Our own codes, as the sources spell them; an IRC numeric is no code of an error. */
function errorCodes(): Set<string> {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith(join('protocol', 'irc')))
    .map((name) => read(join('src', name)));
  const natives = readdirSync(join(root, 'native')).map((name) => read(join('native', name)));
  const codes = [...sources, ...natives].flatMap((text) => text.match(/(?<=['"])ERR_[A-Z_]+(?=['"])/g) ?? []);
  return new Set(codes);
}

describe('docs/errors.md', () => {
  const headings = new Set(
    read('docs/errors.md')
      .split('\n')
      .filter((line) => line.startsWith('## '))
      .map((line) => line.slice('## '.length)),
  );

  test.each([...errorCodes()])('has a heading for %s', (code) => {
    expect(headings).toContain(code);
  });

  test('explains no code that nothing throws', () => {
    const codes = errorCodes();
    for (const heading of headings) if (heading.startsWith('ERR_')) expect(codes).toContain(heading);
  });
});

describe('every page', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'examples/README.md',
    ...['docs', 'docs/learn'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name))),
  ];

  test.each(pages.filter((name) => name.endsWith('.md')))('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!\.\.\/\.\.\/actions\/)([^)#:\s]+)(?:#[^)]*)?\)/g)].map(
      ([, target]) => target ?? '',
    );
    for (const target of links) expect(existsSync(join(root, page, '..', target)), target).toBe(true);
  });
});
