/**
 * `npm run package:check`: packs fdmux, lets the tools that know packages look at it, installs it into an empty project
 * and checks there that the README's examples compile with each TypeScript that people use. `--all` takes the
 * compilers that are not in this project as well, other package managers, bundlers and runtimes for other machines
 * (they are fetched from npm), and compiles the installed sources.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildNative } from './lib/build-native.mjs';
import { checkBundlers } from './lib/check-bundlers.mjs';
import { checkForeign } from './lib/check-foreign.mjs';
import { fetchPackage } from './lib/fetch.mjs';
import { packPackage } from './lib/pack.mjs';
import { at } from './lib/paths.mjs';
import { runMain, say } from './lib/progress.mjs';
import { npm, run } from './lib/run.mjs';
import { smokeProgram } from './lib/smoke-program.mjs';

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });

await runMain(async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'fdmux-check-'));
  try {
    const tarball = await packPackage(join(scratch, 'pack'), true);
    say('publint');
    await run(at('node_modules/.bin/publint'), ['--strict', '--pack', 'false', join(scratch, 'pack/stage')]);
    say('are the types wrong');
    await run(at('node_modules/.bin/attw'), ['--no-color', tarball]);
    await checkInstalled(scratch, tarball);
    if (values.all) await checkManagers(scratch, tarball);
    if (values.all) await checkBundlers(scratch, tarball);
    if (values.all) await checkForeign(join(scratch, 'project'));
    if (values.all) await checkCompiles(scratch);
    say('the package is fine');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});

async function checkInstalled(scratch, tarball) {
  const project = join(scratch, 'project');
  mkdirSync(join(project, 'examples'), { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true }));
  const dependencies = [
    tarball,
    `@types/node@${JSON.parse(readFileSync(at('node_modules/@types/node/package.json'), 'utf8')).version}`,
  ];
  await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', ...dependencies], { cwd: project });
  report(join(project, 'node_modules/fdmux'), tarball);
  const examples = writeExamples(project);
  for (const [name, compiler] of Object.entries(await compilers())) {
    for (const module of ['nodenext', 'node16']) {
      say(`TypeScript ${name}, module ${module}: ${examples} files`);
      writeFileSync(
        join(project, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: compilerOptions(module), include: ['examples'] }),
      );
      await run(...compiler, { cwd: project });
    }
  }
}

/** The installed package compiles from its own sources, as its error message for a system without a binary says. */
async function checkCompiles(scratch) {
  say('compiled from the installed sources');
  const installed = join(scratch, 'project/node_modules/fdmux');
  rmSync(join(installed, 'prebuilds'), { recursive: true });
  await buildNative({ folder: join(installed, 'native') });
  writeFileSync(join(scratch, 'project/smoke.cjs'), smokeProgram);
  await run(process.execPath, ['smoke.cjs'], { cwd: join(scratch, 'project') });
}

/** Strict, and with the declarations of the package itself under check. */
function compilerOptions(module) {
  return {
    module,
    target: 'es2022',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  };
}

/** The README's examples and the programs of examples/, each as an ES module and as CommonJS. */
function writeExamples(project) {
  const readme = readFileSync(at('README.md'), 'utf8');
  const texts = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text]) => text);
  for (const name of readdirSync(at('examples'))) {
    if (name.endsWith('.ts')) texts.push(readFileSync(at('examples', name), 'utf8'));
  }
  cpSync(at('examples/support'), join(project, 'examples/support'), { recursive: true });
  for (const [index, text] of texts.entries()) {
    for (const extension of ['mts', 'cts']) writeFileSync(join(project, `examples/${index}.${extension}`), text);
  }
  return texts.length * 2;
}

async function compilers() {
  const node = process.execPath;
  const own = { 6: [node, [at('node_modules/typescript/bin/tsc')]] };
  if (!values.all) return own;
  return {
    5.9: [node, [join(await fetchPackage('typescript5'), 'bin/tsc')]],
    ...own,
    7: [node, [join(await fetchPackage('typescript7'), 'bin/tsc')]],
  };
}

/**
 * The package laid out by each package manager, with no script run and nothing downloaded: pnpm's store of links,
 * Yarn's folders, and Yarn's Plug'n'Play, which takes an addon out of its zip archives. Every layer is used once.
 */
async function checkManagers(scratch, tarball) {
  const yarn4 = ['yarn4', 'bin/yarn.js'];
  const yarn4Settings = (linker) => ({
    YARN_NODE_LINKER: linker,
    YARN_ENABLE_SCRIPTS: 'false',
    YARN_ENABLE_TELEMETRY: 'false',
    YARN_ENABLE_GLOBAL_CACHE: 'false',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
  });
  const layouts = [
    {
      name: 'pnpm',
      cli: ['pnpm', 'bin/pnpm.cjs'],
      args: ['install', '--offline', '--ignore-scripts', '--store-dir', join(scratch, 'store')],
    },
    { name: 'Yarn 1', cli: ['yarn1', 'bin/yarn.js'], args: ['install', '--ignore-scripts', '--non-interactive'] },
    { name: 'Yarn 4, folders', cli: yarn4, args: ['install'], env: yarn4Settings('node-modules') },
    { name: "Yarn 4, Plug'n'Play", cli: yarn4, args: ['install'], env: yarn4Settings('pnp'), isPnp: true },
  ];
  const dependencies = { fdmux: `file:${tarball}` };
  for (const [index, { name, cli, args, env, isPnp }] of layouts.entries()) {
    say(`installed by ${name}`);
    const project = join(scratch, `layout-${index}`);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, dependencies }));
    writeFileSync(join(project, 'yarn.lock'), ''); // Yarn 4 would take a folder above for the project's otherwise.
    writeFileSync(join(project, 'smoke.cjs'), smokeProgram);
    const program = join(await fetchPackage(cli[0]), cli[1]);
    await run(process.execPath, [program, ...args], { cwd: project, env });
    const loader = isPnp ? ['--require', join(project, '.pnp.cjs')] : [];
    await run(process.execPath, [...loader, 'smoke.cjs'], { cwd: project });
  }
}

function report(folder, tarball) {
  let files = 0;
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files++;
    bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const kB = (size) => `${(size / 1024).toFixed(0)} kB`;
  say(
    `tarball ${kB(statSync(tarball).size)}; installed ${files} files, ${kB(bytes)}; ${Object.keys(dependencies).length} dependencies`,
  );
}
