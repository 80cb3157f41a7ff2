/** The command line of `fdmux`: its subcommands and their options. The code of a subcommand is loaded when it runs. */
import { availableParallelism } from 'node:os';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { MAX_PORT } from '../arguments.js';
import { CONNECTION_TRIGGERS } from '../net/connection-trigger.js';
import { type Charset, CHARSET_CHOICES, CHARSETS } from '../protocol/charset.js';
import { IRC, IRC_TLS_PORT } from '../protocol/irc/facts.js';
import { PLAIN } from '../protocol/plain/facts.js';
import { BACKENDS, DEFAULT_HOST, MAX_DRAIN_MS } from '../server/config/choices.js';
import type { ServeFlags } from '../server/config/serve-flags.js';
import { escapeUnsafe } from '../server/escape-unsafe.js';
import { LOG_FORMATS, LOG_LEVELS } from '../server/log-levels.js';
import { type ProtocolName, PROTOCOLS, WEB } from '../server/protocol-names.js';
import { type ConnectFlags, readSecurity } from './connect-security.js';
import { CTL_VERBS, type CtlFlags, type CtlVerb, PATIENCE, PATIENCE_SECONDS, VERB_LINES } from './ctl-arguments.js';
import { DATA_ACTIONS, type DataAction } from './data-actions.js';
import type { DataFlags } from './data-arguments.js';
import { HELP_COLOURS } from './help-colours.js';
import { UsageError } from './usage-error.js';

function parseInteger(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    return value;
  };
}

/** An empty text is a variable of a script that is not set: it would stand for this folder, or for no password. */
function parseText(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

/** The longest report of a wrong command line, in characters: what was typed may be very long. */
const MAX_REPORT = 600;

/** Returns a report of a wrong command line as one line, in the words of the configuration file's complaint. */
function reportOf(text: string): string {
  const words = text
    .replace(/^error: /, 'fdmux: ')
    .replace('Allowed choices are', 'It must be one of')
    .trimEnd();
  const line = escapeUnsafe(words.replaceAll('\n', ' '));
  return `${line.length > MAX_REPORT ? `${line.slice(0, MAX_REPORT)}...` : line}\n`;
}

const parsePort = parseInteger(0, MAX_PORT);
const MAX_WORKERS = 64;
const WORKERS = parseInteger(1, MAX_WORKERS);

const SERVE_EXAMPLES = `
Examples:
  $ fdmux serve                                        plain lines on 33333 and IRC on 6667, on this machine only
  $ fdmux serve --host 0.0.0.0 --charset auto          for the whole network, UTF-8 and GBK clients alike
  $ fdmux serve --web                                  a web page as well, on http://127.0.0.1:${WEB.defaultPort}/
  $ fdmux serve --plain-port 0 --no-irc                plain lines on any free port; it is printed
  $ fdmux serve --data ./data                          rooms and what is said in them are there after a restart
  $ fdmux serve --backend epoll --trigger edge         the same on edge-triggered epoll
  $ fdmux serve --config fdmux.json --check-config     reports what is wrong with a configuration file

Then, in other terminals:
  $ nc ${DEFAULT_HOST} ${PLAIN.defaultPort}
  $ fdmux connect ${DEFAULT_HOST}:${PLAIN.defaultPort}
`;

const CONTROL_HELP = `
This process keeps the data, opens the ports and looks after the others, the workers, which have the connections. They are
named w1, w2 and so on. One that ends is started again. If this process is killed, the workers keep their clients and
wait for it: started again, it goes on with them. SIGTERM ends all, SIGHUP has all read the configuration again, and
SIGUSR2 has the program on the disk go on for one worker after the other.

fdmux serve --workers COUNT does the same.

Examples:
  $ fdmux control --data ./data                        a worker for each core
  $ fdmux serve --workers 2 --data ./data --web        two workers, with a web page
  $ fdmux ctl status --data ./data                     how they are, a line each
  $ fdmux ctl drain w1 --data ./data                   a new process in the place of one of them
`;

const CONNECT_EXAMPLES = `
Examples:
  $ fdmux connect 127.0.0.1:33333
  $ fdmux connect [::1]:33333
  $ echo hello | fdmux connect localhost:33333         sends one line and leaves

Press Enter to send what you typed; type "exit" or press Ctrl-D to leave.
`;

const REPLAY_HELP = `
The exit code is 0 if the server did the same, byte for byte, and 1 if not or if the file cannot be read.

Examples:
  $ fdmux serve --record monday.fdmux                  people talk; Ctrl-C ends the server
  $ fdmux replay monday.fdmux                          the same again, in no time
`;

const DATA_HELP = `
The folder is that of fdmux serve --data, or "store" in the configuration file.

check reads everything, and reports what is damaged. export writes everything as lines of JSON, with all secrets.
A server may run while it is checked or exported. import needs a folder that has no data yet. erase-account removes an
account, with all that belongs to it and all that it has said; while a server runs, its owner does that by NickServ.

Examples:
  $ fdmux data check ./data                            says whether it is sound, and what is in it
  $ fdmux data export ./data monday.jsonl              everything as text, as it is at one moment
  $ fdmux data import ./new monday.jsonl               the same data in another folder
  $ fdmux data erase-account ./data ann                ann may be registered by somebody else afterwards
`;

const CTL_HELP = `
A server that keeps data in a folder (fdmux serve --data FOLDER) is asked by the socket control.sock in that folder,
which is for the user of the server and for root. A server whose data is in PostgreSQL has no such socket.

${VERB_LINES}
Examples:
  $ fdmux ctl status --data ./data
  $ fdmux ctl kick ann --data ./data please stop
  $ fdmux ctl ban 192.0.2.0/24 --minutes 60 --data ./data
  $ fdmux ctl status --json --data ./data | jq .clients
`;

/** The options of `serve` as commander parses them: it has checked those that have choices. */
interface ServeOptions extends Omit<ServeFlags, 'without'> {
  readonly plain: boolean;
  readonly irc: boolean;
  readonly checkConfig?: boolean;
  readonly record?: string;
  readonly workers?: number;
}

/**
 * Runs the subcommand that was typed, which sets the exit code.
 *
 * @returns false if the command line is wrong, which has been reported to the user
 */
export async function runProgram(version: string): Promise<boolean> {
  try {
    await createProgram(version).parseAsync();
    return true;
  } catch (error) {
    // Help and version end with an error of exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0;
    throw error;
  }
}

/** The command table, from which the build makes the manual page and the completions of shells. */
export function createProgram(version: string): Command {
  const program = new Command('fdmux');
  program
    .description('A chat server on select(2), poll(2) or epoll(7), and a client for it.')
    .version(version)
    .exitOverride()
    .configureHelp(HELP_COLOURS)
    .configureOutput({
      outputError: (text, write) => {
        write(reportOf(text));
      },
    });

  addServe(program, version);
  addControl(program, version);
  addConnect(program);
  addReplay(program, version);
  addHashPassword(program);
  addData(program);
  addCtl(program);
  return program;
}

function addServe(program: Command, version: string): void {
  const command = program.command('serve').description('run the chat server: plain lines and IRC in the same rooms');
  addServerOptions(command)
    .option('--workers <count>', 'serve with so many processes; needs --data (default: one, alone)', WORKERS)
    .option('--check-config', 'check the configuration and exit')
    .option(
      '--record <file>',
      'record all that the server is given, and does, into a new file, for fdmux replay',
      parseText,
    )
    .addHelpText('after', SERVE_EXAMPLES)
    .action(async (options: ServeOptions) => {
      process.exitCode = await serve(options, version);
    });
}

function addControl(program: Command, version: string): void {
  const command = program.command('control').description('run the chat server with several processes on this machine');
  addServerOptions(command)
    .option('--workers <count>', 'how many processes (default: one for each core)', WORKERS)
    .option('--check-config', 'check the configuration and exit')
    .addHelpText('after', CONTROL_HELP)
    .action(async (options: ServeOptions) => {
      process.exitCode = await serve(
        { ...options, workers: options.workers ?? Math.min(availableParallelism(), MAX_WORKERS) },
        version,
      );
    });
}

/** Runs one server, or several workers. @returns the exit code */
async function serve(options: ServeOptions, version: string): Promise<number> {
  const { plain, irc, checkConfig = false, record, workers, ...rest } = options;
  const wanted: Readonly<Record<ProtocolName, boolean>> = { plain, irc, web: rest.web ?? true };
  const flags = { ...rest, without: PROTOCOLS.map(({ name }) => name).filter((name) => !wanted[name]) };
  if (workers === undefined || flags.worker !== undefined) {
    const { serveCommand } = await import('./serve.js');
    return serveCommand(flags, { version, checkOnly: checkConfig, record });
  }
  if (record !== undefined) throw new UsageError('--record is for one process: leave out --workers');
  const { controlCommand } = await import('./control.js');
  return controlCommand(flags, { version, workers, checkOnly: checkConfig });
}

/** Adds what a server, and one of several workers, can be told. */
function addServerOptions(command: Command): Command {
  return command
    .option('--host <host>', `address or name to listen on (default: ${DEFAULT_HOST})`, parseText)
    .option(
      '--plain-port <port>',
      `port for plain lines, 0 for any free one (default: ${PLAIN.defaultPort})`,
      parsePort,
    )
    .option('--irc-port <port>', `port for IRC, 0 for any free one (default: ${IRC.defaultPort})`, parsePort)
    .option('--tls-cert <file>', 'certificate for IRC over TLS, as PEM; with --tls-key', parseText)
    .option('--tls-key <file>', 'key of the certificate, as PEM', parseText)
    .option('--tls-port <port>', `port for IRC over TLS, 0 for any free one (default: ${IRC_TLS_PORT})`, parsePort)
    .option('--admin-port <port>', 'port on 127.0.0.1 for /metrics, /healthz and /readyz (default: none)', parsePort)
    .option('--web', `serve a web page to chat on, on port ${WEB.defaultPort} if it is free`)
    .option('--web-port <port>', 'port for the web page, 0 for any free one', parsePort)
    .option('--web-host <host>', 'address or name for the web page (default: that of --host)', parseText)
    .option('--data <folder>', 'keep rooms, bans and what is said in this folder (default: in memory only)', parseText)
    .option(
      '--node <name>',
      'name among the servers that share the store of the configuration (default: none do)',
      parseText,
    )
    .option('--no-plain', 'do not listen for plain lines')
    .option('--no-irc', 'do not listen for IRC')
    .option('--no-web', 'do not serve the web page')
    .addOption(new Option('--backend <name>', 'kernel interface (default: FDMUX_BACKEND, or epoll)').choices(BACKENDS))
    .addOption(new Option('--trigger <name>', 'edge is for epoll only (default: level)').choices(CONNECTION_TRIGGERS))
    .option('--max-clients <count>', 'most clients at once, 0 for no limit (default: 0)', parseInteger(0, 1_000_000))
    .option(
      '--backlog <count>',
      'connections that may wait to be accepted (default: 4096)',
      parseInteger(1, 2_147_483_647),
    )
    .option(
      '--drain-ms <ms>',
      'time that SIGTERM gives clients to leave by themselves, in milliseconds (default: 0)',
      parseInteger(0, MAX_DRAIN_MS),
    )
    .addOption(
      new Option(
        '--charset <name>',
        'client charset; auto: detect per client from its first unambiguous line (default: utf-8)',
      ).choices(CHARSET_CHOICES),
    )
    .option('--server-name <name>', 'name of the IRC server, with a dot in it', parseText)
    .option('--network <name>', 'name of the IRC network', parseText)
    .option(
      '--password <password>',
      'password that IRC clients must send with PASS, in clear or from hash-password',
      parseText,
    )
    .option('--config <file>', 'read a JSON configuration file; options given here take precedence', parseText)
    .addOption(new Option('--worker <name>', 'this process is a worker of fdmux control').hideHelp())
    .addOption(new Option('--log-level <level>', 'how much is logged (default: warning)').choices(LOG_LEVELS))
    .addOption(new Option('--log-format <format>', 'form of the log (default: text)').choices(LOG_FORMATS));
}

function addConnect(program: Command): void {
  program
    .command('connect')
    .description('talk on a plain-line server; what others say appears while you type')
    .argument('<host:port>', 'address of the server')
    .addOption(new Option('--charset <name>', 'charset of the server (default: utf-8)').choices(CHARSETS))
    .option('--tls', 'speak TLS')
    .option(
      '--ca <file>',
      'trust the authorities in this file, as PEM, instead of the usual ones; implies --tls',
      parseText,
    )
    .option('--insecure', 'accept any certificate; implies --tls')
    .option('--servername <name>', 'name that the certificate must have (default: the host); implies --tls', parseText)
    .addHelpText('after', CONNECT_EXAMPLES)
    .action(async (target: string, { charset = 'utf-8', ...security }: ConnectFlags & { charset?: Charset }) => {
      const { connectCommand } = await import('./connect.js');
      process.exitCode = await connectCommand(target, charset, await readSecurity(security));
    });
}

function addReplay(program: Command, version: string): void {
  program
    .command('replay')
    .description('run a recorded server again, without sockets, and report the first difference')
    .argument('<file>', 'what fdmux serve --record has written')
    .addHelpText('after', REPLAY_HELP)
    .action(async (file: string) => {
      const { replayCommand } = await import('./replay.js');
      process.exitCode = await replayCommand(file, version);
    });
}

function addHashPassword(program: Command): void {
  program
    .command('hash-password')
    .description('read a password from the keyboard or a pipe and print it hashed, for the configuration file')
    .action(async () => {
      const { hashPasswordCommand } = await import('./hash-password.js');
      process.exitCode = await hashPasswordCommand();
    });
}

function addData(program: Command): void {
  program
    .command('data')
    .description('look after what a server keeps: check, export, import, erase an account')
    .addArgument(new Argument('<action>', 'what is done').choices(DATA_ACTIONS))
    .argument('[folder]', 'the folder of the data')
    .argument(
      '[name]',
      'for export and import: a file instead of the standard output or input; for erase-account: the account',
    )
    .option('--data <folder>', 'the folder, if it is not given as an argument', parseText)
    .option('--config <file>', 'take the folder from this configuration file', parseText)
    .addHelpText('after', DATA_HELP)
    .action(async (action: DataAction, folder: string | undefined, name: string | undefined, flags: DataFlags) => {
      const { dataCommand } = await import('./data.js');
      process.exitCode = await dataCommand(action, { folder, name, flags });
    });
}

function addCtl(program: Command): void {
  program
    .command('ctl')
    .description('ask a running server for something: its status, a reload, to put somebody out')
    .addArgument(new Argument('<verb>', 'what is asked for').choices(CTL_VERBS))
    .argument('[words...]', 'whom or what it is about, and why')
    .option('--data <folder>', 'the folder of the data of the server', parseText)
    .option('--config <file>', 'take the folder from this configuration file', parseText)
    .option('--minutes <count>', 'for ban: how long it holds (default: for ever)', parseInteger(1, 5_256_000))
    .option(
      '--timeout <seconds>',
      `how long the answer may take (default: ${PATIENCE}; ${PATIENCE_SECONDS.upgrade} for upgrade)`,
      parseInteger(1, 86_400),
    )
    .option('--json', 'print the answer as JSON')
    .addHelpText('after', CTL_HELP)
    .action(async (verb: CtlVerb, words: readonly string[], flags: CtlFlags) => {
      const { ctlCommand } = await import('./ctl.js');
      process.exitCode = await ctlCommand(verb, words, flags);
    });
}
