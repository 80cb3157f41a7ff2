/** From the ES modules that esbuild writes to CommonJS that loads fast. */
import { transform } from 'esbuild';
import { compileOptions } from './compile.mjs';

/** esbuild puts a function before a `require` in an ES module, through which no other bundler sees. */
export const withLiteralRequires = (text) => text.replaceAll(/\b__require\((?=")/g, 'require(');

/**
 * Turns an ES module into CommonJS. esbuild itself would export each name as a getter that looks it up by key; making
 * hundreds of them costs milliseconds, and so does using them in a loop. Here they are plain properties: no chunk needs
 * one that needs it, so all values are there when its code has run.
 *
 * @param lazy the files whose names become getters that load them
 * @returns the file, and the names that it exports
 */
export async function toCommonJs({ path, text }, lazy) {
  const [, code = text, exported = ''] = /^(.*)\nexport \{([^}]*)\};\n*$/s.exec(text) ?? [];
  const later = new Map(lazy.map((from) => [from, []]));
  const names = namesIn(exported);
  const body = code.replaceAll(/^import \{([^}]*)\} from "([^"]*)";$/gm, (statement, list, from) => {
    const locals = namesIn(list).map(({ exported: local }) => local);
    later.get(from)?.push(...names.filter(({ local }) => locals.includes(local)).map((each) => each.exported));
    return later.has(from) ? '' : statement;
  });
  const lazyNames = new Set([...later.values()].flat());
  const now = names.filter((each) => !lazyNames.has(each.exported));
  const { code: commonJs } = await transform(`${withLiteralRequires(body)}\n${assignment(now, later)}\n`, {
    format: 'cjs',
    target: compileOptions.target,
    platform: 'node',
    legalComments: 'inline',
    logOverride: { 'commonjs-variable-in-esm': 'silent' },
  });
  return {
    path,
    text: commonJs + hint(names),
    names: names.map((each) => each.exported),
  };
}

/** The names of an import's or export's list. */
const namesIn = (list) =>
  list
    .split(',')
    .map((item) => item.trim().split(' as '))
    .filter(([first]) => first !== '')
    .map(([first, second = first]) => ({ local: first, exported: second }));

/** @param later by path, the names that another file has: getters load it, and put the value into their place */
function assignment(names, later) {
  const lists = [...later].filter(([, list]) => list.length > 0);
  if (names.length === 0 && lists.length === 0) return '';
  // All in one literal: adding a getter to an object with hundreds of properties takes 10 us.
  const properties = [
    ...names.map(({ local, exported }) => `${exported}: ${local}`),
    ...lists.flatMap(([, list], index) => list.map((name) => `get ${name}() { return later${index}("${name}"); }`)),
  ];
  const loaders = lists.map(
    ([from], index) => `function later${index}(name) {
      const value = require("${from}")[name];
      Object.defineProperty(module.exports, name, { value, enumerable: true, writable: true });
      return value;
    }`,
  );
  const exports = `{ ${properties.join(', ')} }`;
  return `module.exports = Object.defineProperty(${exports}, "__esModule", { value: true });\n${loaders.join('\n')}`;
}

/** Node.js finds the names of a CommonJS module without running it, by patterns such as this. */
function hint(names) {
  // The default export is there in any case, and cannot be written so.
  const listed = names.map(({ exported }) => exported).filter((name) => name !== 'default');
  return listed.length === 0 ? '' : `0 && (module.exports = { ${listed.join(', ')} });\n`;
}
