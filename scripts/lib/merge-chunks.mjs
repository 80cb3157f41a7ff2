/** From the many chunks that esbuild makes of shared modules to the few that are loaded one without the other. */
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { compileOptions } from './compile.mjs';
import { at, root } from './paths.mjs';

const STATIC_IMPORT = /^import (?:\{([^}]*)\} from )?"(\.[^"]+)";$/gm;

/**
 * esbuild makes a chunk for each set of entries and dynamic imports that share modules: a dozen for `index.js` alone.
 * Each costs a look-up, a read and a wrapper, and calls from one to another cost more than those within one. Here only
 * programs count: modules that the same programs load become one chunk.
 *
 * @param result esbuild's output as ES modules with code splitting
 * @param folder the folder of the entries, inside the project
 * @param programs the entries that programs load, each list a program
 * @returns the files, with fewer chunks
 */
export async function mergeChunks({ outputFiles, metafile }, folder, programs) {
  const texts = new Map(outputFiles.map(({ path, text }) => [relative(root, path), text]));
  const homes = findHomes(metafile.outputs, folder, programs);
  nameExports(homes, metafile.outputs);
  const paths = new Set([...homes.values()].map(({ path }) => path));
  const merged = await Promise.all([...paths].map(async (path) => [path, await merge(path, homes, texts)]));
  const others = [...texts].filter(([path]) => !homes.has(path));
  return [...merged, ...others].map(([path, text]) => ({ path: at(path), text: withHomes(path, text, homes) }));
}

/** Finds the new chunk of each one that a program loads. */
function findHomes(outputs, folder, programs) {
  const loads = programs.map((entries) =>
    entries.reduce((seen, entry) => closureOf(outputs, join(folder, `${entry}.js`), seen), new Set()),
  );
  const chunks = Object.keys(outputs).filter((path) => dirname(path) !== folder);
  const users = new Map(chunks.map((path) => [path, loads.map((seen) => Number(seen.has(path))).join('')]));
  const sets = [...new Set(users.values())].filter((set) => set.includes('1')).toSorted();
  const homes = new Map();
  for (const [path, set] of users) {
    if (!set.includes('1')) continue; // Loaded by a module that is itself loaded later.
    homes.set(path, { path: join(folder, 'chunks', `shared-${sets.indexOf(set) + 1}.js`), names: new Map() });
  }
  return homes;
}

/** Returns an output with all outputs that it imports, at once or by others. */
function closureOf(outputs, path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { path: next, kind, external } of outputs[path].imports) {
    if (kind === 'import-statement' && external !== true) closureOf(outputs, next, seen);
  }
  return seen;
}

/** Finds a name in its new chunk for each name that an old one exports. */
function nameExports(homes, outputs) {
  const taken = new Set();
  for (const [member, { path, names }] of homes) {
    for (const name of outputs[member].exports) {
      let unique = name;
      for (let count = 2; taken.has(`${path} ${unique}`); count += 1) unique = `${name}${count}`;
      taken.add(`${path} ${unique}`);
      names.set(name, unique);
    }
  }
}

/** Compiles the members of a new chunk to one module. */
async function merge(path, homes, texts) {
  const members = [...homes].filter(([, home]) => home.path === path);
  const exports = members.map(([member, { names }]) => {
    const list = [...names].map(([name, unique]) => `${name} as ${unique}`).join(', ');
    return `export { ${list} } from ${JSON.stringify(at(member))};\nimport ${JSON.stringify(at(member))};\n`;
  });
  const ofMembers = new Set(members.map(([member]) => at(member)));
  const { outputFiles } = await build({
    ...compileOptions,
    stdin: { contents: exports.join(''), resolveDir: at(dirname(path)) },
    outfile: at(path),
    format: 'esm',
    metafile: false,
    plugins: [
      {
        name: 'members',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^/ }, ({ path: wanted, importer }) => {
            const full = resolve(dirname(importer), wanted);
            return ofMembers.has(full) ? { path: full } : { path: wanted, external: true };
          });
          onLoad({ filter: /^/ }, ({ path: file }) => ({ contents: texts.get(relative(root, file)) }));
        },
      },
    ],
  });
  return outputFiles[0].text;
}

/** Imports from the new chunks the names that a module imports from old ones. */
function withHomes(path, text, homes) {
  return text.replaceAll(STATIC_IMPORT, (statement, list, from) => {
    const home = homes.get(join(dirname(path), from));
    if (home === undefined) return statement;
    const file = `./${relative(dirname(path), home.path)}`;
    if (list === undefined) return `import ${JSON.stringify(file)};`;
    const names = list.split(',').map((item) => {
      const [name, local = name] = item.trim().split(' as ');
      return `${home.names.get(name)} as ${local}`;
    });
    return `import { ${names.join(', ')} } from ${JSON.stringify(file)};`;
  });
}
