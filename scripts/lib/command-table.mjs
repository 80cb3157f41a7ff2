import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import { build } from 'esbuild';
import { compileOptions } from './compile.mjs';
import { at } from './paths.mjs';

const PROGRAM = 'src/cli/program.ts';

/**
 * The command line of `fdmux`, as src/cli/program.ts declares it to commander, in plain values. A command's name is
 * empty for `fdmux` itself, the first.
 *
 * @returns {Promise<{ summary: string, commands: { name: string, usage: string, summary: string, after: string,
 *   options: { flags: string[], value?: Value, summary: string }[], arguments: Value[] }[] }>} where a `Value` is
 *   `{ name: string, choices: string[], isFile: boolean, summary: string }`
 */
export async function readCommandTable(version) {
  const { createProgram } = await load();
  const program = createProgram(version);
  const help = program.createHelp();
  const commands = help.visibleCommands(program);
  // commander's own `help` knows neither its owner nor the commands that it may explain.
  const helpCommand = { parent: `${program.name()} `, choices: commands.map((command) => command.name()) };
  return {
    summary: program.description(),
    commands: [
      describe(help, program, { name: '' }),
      ...commands.map((command) => describe(help, command, command.parent === null ? helpCommand : {})),
    ],
  };
}

/** Bundles the module as users get it, and runs it here; nothing in it needs the addon before a command runs. */
async function load() {
  const { outputFiles } = await build({
    ...compileOptions,
    entryPoints: [PROGRAM],
    outfile: at('dist/program.cjs'),
    format: 'cjs',
    define: { FDMUX_VERSION: '""' },
  });
  const module = { exports: {} };
  const parameters = { module, exports: module.exports, require: createRequire(at(PROGRAM)), __filename: at(PROGRAM) };
  compileFunction(outputFiles[0].text, Object.keys(parameters))(...Object.values(parameters));
  return module.exports;
}

function describe(help, command, { name = command.name(), parent = '', choices = [] }) {
  return {
    name,
    usage: parent + help.commandUsage(command),
    summary: help.commandDescription(command),
    after: textAfterHelp(command),
    options: help.visibleOptions(command).map(({ short, long, flags, argChoices, description }) => {
      const [, value] = /<([^>]+)>/.exec(flags) ?? [];
      return {
        flags: [short, long].filter(Boolean),
        value: value && valueOf(value, argChoices),
        summary: description,
      };
    }),
    arguments: command.registeredArguments.map((argument) => ({
      ...valueOf(argument.name(), argument.argChoices ?? choices),
      summary: argument.description,
    })),
  };
}

const valueOf = (name, choices = []) => ({ name, choices, isFile: name === 'file' });

/** The text that a command adds to its help, which commander only writes. */
function textAfterHelp(command) {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text.slice(command.helpInformation().length);
}
