/** Which files of the repository are pages, in which chapter, and in which order the menu has them. */
import { posix } from 'node:path';
import type { Checkout } from './checkout.js';
import type { Chapter } from './site-page.js';

export interface ChapterFile {
  /** `docs/net.md` */
  readonly file: string;
  /** `guides/net.html` */
  readonly path: string;
  readonly chapter: Chapter;
}

const PROJECT = ['docs/design.md', 'docs/matrix.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];

/** All pages that are files, chapter by chapter, in the order of the menu. */
export function chapterFiles(checkout: Checkout): ChapterFile[] {
  const guides = markdownIn(checkout, 'docs').filter((file) => !PROJECT.includes(file));
  const recipes = ['examples', 'examples/learn'].flatMap((folder) =>
    checkout.names(folder, '.ts').map((name) => `${folder}/${name}`),
  );
  const all: ChapterFile[] = [
    ...files('learn', 'docs/learn', linkedFirst(checkout, 'docs/learn/README.md', markdownIn(checkout, 'docs/learn'))),
    ...files('guides', 'docs', linkedFirst(checkout, 'docs/README.md', guides)),
    ...files('recipes', 'examples', ['examples/README.md', ...linkedFirst(checkout, 'examples/README.md', recipes)]),
    ...files(
      'benchmarks',
      'docs/benchmarks',
      linkedFirst(checkout, 'docs/benchmarks/README.md', markdownIn(checkout, 'docs/benchmarks')),
    ),
    { file: 'bench/README.md', path: 'benchmarks/method.html', chapter: 'benchmarks' },
    ...PROJECT.map((file) => ({ file, path: `project/${baseName(file)}.html`, chapter: 'project' as const })),
  ];
  return all.filter(({ file }) => checkout.isFile(file));
}

const baseName = (file: string): string =>
  posix
    .basename(file)
    .replace(/\.(?:md|ts)$/, '')
    .toLowerCase();

const markdownIn = (checkout: Checkout, folder: string): string[] =>
  checkout.names(folder, '.md').map((name) => `${folder}/${name}`);

/** The pages of a chapter keep their places below its folder; its README is its index. */
function files(chapter: Chapter, folder: string, list: readonly string[]): ChapterFile[] {
  return list.map((file) => {
    const name = posix.relative(folder, file).replace(/\.(?:md|ts)$/, '');
    return { file, path: `${chapter}/${name === 'README' ? 'index' : name}.html`, chapter };
  });
}

/** Files in the order in which a page links to them: that page itself first, those that it does not name last. */
function linkedFirst(checkout: Checkout, index: string, list: readonly string[]): string[] {
  if (!checkout.isFile(index)) return [...list];
  const links = [...checkout.read(index).matchAll(/\]\(([^)#:\s]+)/g)].map(([, target = '']) =>
    posix.join(posix.dirname(index), target),
  );
  const order = [...new Set([index, ...links, ...list])];
  return order.filter((file) => list.includes(file));
}
