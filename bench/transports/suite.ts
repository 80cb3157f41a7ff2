/** TLS and WebSocket: their questions, put to every peer in turns; the answers go to docs/benchmarks/transports.md. */
import { startIrcServer } from '../irc/servers.js';
import type { Peer } from '../support/candidates.js';
import { putUnderLoad } from '../support/generator.js';
import { type Load, measure } from '../support/load.js';
import type { Options } from '../support/options.js';
import { round } from '../support/page.js';
import { Progress } from '../support/progress.js';
import { Publication } from '../support/publication.js';
import type { Answer } from '../support/results.js';
import { startServer } from '../support/server.js';
import { compileLoad, countsInstructions } from '../support/tools.js';
import { takeTurns } from '../support/turns.js';
import { weigh } from '../support/weigh.js';
import type { TransportPeer } from './peers.js';
import { MEANINGS, MEMORY, type Question, QUESTIONS, TRANSPORT_QUESTIONS } from './questions.js';
import { type TransportRun, transportRunSchema, writeTransportReport } from './report.js';

const HELD_CONNECTIONS = 1000;
/** A weighing takes long and varies little. */
const MAX_WEIGHINGS = 2;
const TEXT_BYTES = 80;

/** Load generators; each is compiled when it is first asked for. */
class Programs {
  #echo: string | undefined;
  #chat: string | undefined;

  get echo(): string {
    return (this.#echo ??= compileLoad('support/load.c'));
  }

  get chat(): string {
    return (this.#chat ??= compileLoad('irc/irc_load.c'));
  }
}

/**
 * Asks the questions among `options.only` that are about transports.
 *
 * @param names of all existing peers
 * @returns the answers
 */
export async function askTransports(
  options: Options,
  peers: readonly Peer<TransportPeer>[],
  names: readonly string[],
): Promise<readonly Answer<TransportRun>[]> {
  const { rounds, seconds, only, out } = options;
  const questions = QUESTIONS.filter(({ id }) => only.includes(id));
  if (peers.length === 0) return [];
  const publication = new Publication(
    out,
    {
      file: 'transports.json',
      run: transportRunSchema,
      known: { questions: TRANSPORT_QUESTIONS, peers: names },
      writePage: (folder, results) => writeTransportReport(folder, results, names, MEANINGS),
    },
    options,
  );
  const programs = new Programs();
  const counts = countsInstructions();
  const weighings = only.includes(MEMORY) ? Math.min(rounds, MAX_WEIGHINGS) : 0;
  const turns = questions.map((question) => runnersOf(question, peers));
  const progress = new Progress(rounds * turns.flat().length + weighings * overTls(peers).length);
  for (const [index, question] of questions.entries()) {
    const runners = turns[index] ?? [];
    if (runners.length === 0) continue;
    console.log(`\n${question.title}`);
    const run = (runner: Runner) => runner.ask(programs, seconds, counts);
    publication.publish(
      { id: question.id, title: question.title, load: { ...question.load } },
      await takeTurns(runners, rounds, progress, run, describe),
    );
  }
  if (weighings > 0) {
    console.log(`\nmemory of ${HELD_CONNECTIONS} idle connections`);
    const before: Load = { mode: 'echo', connections: 1, bytes: 64, depth: 1, idle: HELD_CONNECTIONS / 10 };
    const weighOne = ({ line, transport }: Echoer) =>
      weigh(line, programs.echo, { connections: HELD_CONNECTIONS, before, transport });
    const toWords = (bytes: number) => `${round(bytes).padStart(8)} B each`;
    const load = { connections: HELD_CONNECTIONS };
    publication.publishMemory(
      { id: MEMORY, title: 'Memory for each idle connection', load },
      await takeTurns(overTls(peers), weighings, progress, weighOne, toWords),
    );
  }
  return publication.answers;
}

/** A peer that answers to a question. */
interface Runner {
  readonly name: string;
  ask(programs: Programs, seconds: number, counts: boolean): Promise<TransportRun>;
}

function runnersOf({ load }: Question, peers: readonly Peer<TransportPeer>[]): readonly Runner[] {
  if ('mode' in load) {
    return echoersOf(peers).map((echoer) => ({
      name: echoer.name,
      ask: ({ echo }, seconds, counts) => askEcho(echoer, echo, load, seconds, counts),
    }));
  }
  return peers.flatMap(({ name, command }) => {
    if (command.chat === undefined) return [];
    return [{ name, ask: ({ chat }, seconds, counts) => askChat(command, chat, load, seconds, counts) }];
  });
}

/** A peer that echoes, over TCP or TLS. */
interface Echoer {
  readonly name: string;
  readonly line: readonly string[];
  readonly transport: 'tcp' | 'tls';
}

function echoersOf(peers: readonly Peer<TransportPeer>[]): readonly Echoer[] {
  return peers.flatMap(({ name, command: { echo, transport } }) =>
    echo === undefined || transport === 'web' ? [] : [{ name, line: echo, transport }],
  );
}

/** Connections over TCP are too small to be weighed in this number. */
function overTls(peers: readonly Peer<TransportPeer>[]): readonly Echoer[] {
  return echoersOf(peers).filter(({ transport }) => transport === 'tls');
}

async function askEcho(
  { line, transport }: Echoer,
  program: string,
  load: Load,
  seconds: number,
  counts: boolean,
): Promise<TransportRun> {
  const server = await startServer(line);
  try {
    const run = await measure(program, server, load, seconds, counts, { transport });
    return {
      perSecond: run.messagesPerSecond,
      cpuNsEach: run.cpuNsPerMessage,
      instructionsEach: run.instructionsPerMessage,
      p50Us: run.p50Us,
      p99Us: run.p99Us,
      p999Us: run.p999Us,
    };
  } finally {
    await server.stop();
  }
}

async function askChat(
  { chat, transport }: TransportPeer,
  program: string,
  { clients, senders }: { readonly clients: number; readonly senders: number },
  seconds: number,
  counts: boolean,
): Promise<TransportRun> {
  if (chat === undefined) throw new Error('this peer does not chat');
  const server = await startIrcServer(chat);
  try {
    const numbers = [server.port, clients, senders, TEXT_BYTES, seconds, 0].map(String);
    const outcome = await putUnderLoad(server, [program, ...numbers, transport], { seconds, hasCounters: counts });
    const deliveries = Math.max(1, outcome.number('deliveries'));
    return {
      perSecond: deliveries / outcome.number('seconds'),
      cpuNsEach: outcome.cpuNs / deliveries,
      instructionsEach: outcome.instructions === null ? null : outcome.instructions / deliveries,
      p50Us: outcome.number('p50Ns') / 1000,
      p99Us: outcome.number('p99Ns') / 1000,
      p999Us: outcome.number('p999Ns') / 1000,
    };
  } finally {
    await server.stop();
  }
}

function describe({ perSecond, cpuNsEach }: TransportRun): string {
  return `${round(perSecond).padStart(10)} /s ${round(cpuNsEach).padStart(9)} ns each`;
}
