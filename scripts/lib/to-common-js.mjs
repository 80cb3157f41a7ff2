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
  const { code: commonJs } = await transform(`${withLiteralRequires(body)}\n${assignment(now)}\n`, {
    format: 'cjs',
    target: compileOptions.target,
    platform: 'node',
    legalComments: 'inline',
    logOverride: { 'commonjs-variable-in-esm': 'silent' },
  });
  return {
    path,
    text: commonJs + [...later].map(([from, list]) => getters(list, from)).join('') + hint(names),
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

function assignment(names) {
  if (names.length === 0) return '';
  const properties = names.map(({ local, exported }) => `${exported}: ${local}`).join(', ');
  return `module.exports = Object.defineProperty({ ${properties} }, "__esModule", { value: true });`;
}

/** Getters that put the values into their own place when one of them is asked for. */
function getters(names, from) {
  if (names.length === 0) return '';
  return `for (const name of ${JSON.stringify(names)}) {
  Object.defineProperty(module.exports, name, {
    configurable: true,
    enumerable: true,
    get() {
      const value = require("${from}")[name];
      Object.defineProperty(module.exports, name, { value, enumerable: true, writable: true });
      return value;
    },
  });
}
`;
}

/** Node.js finds the names of a CommonJS module without running it, by patterns such as this. */
function hint(names) {
  // The default export is there in any case, and cannot be written so.
  const listed = names.map(({ exported }) => exported).filter((name) => name !== 'default');
  return listed.length === 0 ? '' : `0 && (module.exports = { ${listed.join(', ')} });\n`;
}
