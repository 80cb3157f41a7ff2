/** The services: names to which people send commands as messages, and which answer by notices. */
import type { Client } from '../client.js';
import { isChannelLike } from '../names.js';
import type { Paged } from '../outcome.js';
import { cutToBytes } from '../text-length.js';

/** The services, by the names that messages are sent to. */
export const SERVICE_NAMES = ['NickServ', 'ChanServ'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

const NOTICE_BYTES = 350;

const SERVICES: ReadonlyMap<string, ServiceName> = new Map(SERVICE_NAMES.map((name) => [name.toLowerCase(), name]));

/** Finds the service that a message is sent to; some clients name a server after an at sign. */
export function serviceOf(target: string): ServiceName | undefined {
  // Nearly every message is sent to a channel.
  if (isChannelLike(target)) return undefined;
  return SERVICES.get(target.replace(/@.*$/, '').toLowerCase());
}

/** One question to a service. */
export class Question {
  readonly client: Client;
  /** The words after the command. */
  readonly words: readonly string[];
  readonly #service: ServiceName;

  constructor(client: Client, service: ServiceName, words: readonly string[]) {
    this.client = client;
    this.words = words;
    this.#service = service;
  }

  /** The words from one on, which a message has as one text. */
  rest(from: number): string {
    return this.words.slice(from).join(' ');
  }

  /** Answers with a line. */
  say(text: string): void {
    const { nickOrStar, server } = this.client;
    const line = cutToBytes(text, NOTICE_BYTES);
    this.client.answer(`:${this.#service}!${this.#service}@${server.name} NOTICE ${nickOrStar} :${line}`);
  }

  /** Answers that nothing has been done; programs that know standard replies get one. */
  fail(code: string, text: string): void {
    if (this.client.has('standard-replies')) this.client.fail(this.#service.toUpperCase(), code, [], text);
    this.say(text);
  }
}

/** One command of a service. */
export interface ServiceCommand {
  /** The words that must stand after the command, for the help; empty for nothing. */
  readonly usage: string;
  readonly about: string;
  /** The fewest words after the command. */
  readonly minWords: number;
  /** Whether only those may use it who have logged in. */
  readonly needsAccount: boolean;
  /** @returns the steps of an answer that takes some */
  readonly run: (question: Question) => Paged | undefined;
}

/** The commands of one service. */
export type ServiceCommands = ReadonlyMap<string, ServiceCommand>;

/**
 * Answers a question.
 *
 * @param params - the command and its words; or both in one text
 */
export function* ask(
  client: Client,
  service: ServiceName,
  commands: ServiceCommands,
  params: readonly string[],
): Paged {
  const [text = ''] = params;
  const [name = '', ...words] = params.length > 1 ? params : text.split(' ').filter((word) => word !== '');
  const question = new Question(client, service, words);
  const command = commands.get(name.toUpperCase());
  if (name === '' || name.toUpperCase() === 'HELP') sayHelp(question, service, commands);
  // The word may be a password, typed in the wrong place.
  else if (command === undefined) question.fail('UNKNOWN_COMMAND', `Unknown command. /msg ${service} HELP lists all`);
  else if (client.server.settings.accounts === null) question.fail('DISABLED', 'There are no accounts on this server');
  else if (words.length < command.minWords) {
    question.fail('NEED_MORE_PARAMS', `Usage: ${name.toUpperCase()} ${command.usage}`);
  } else if (command.needsAccount && client.account === null) {
    question.fail('ACCOUNT_REQUIRED', 'Log in first: /msg NickServ IDENTIFY <password>');
  } else {
    const steps = command.run(question);
    if (steps !== undefined) yield* steps;
  }
}

function sayHelp(question: Question, service: ServiceName, commands: ServiceCommands): void {
  const [topic = ''] = question.words;
  const command = commands.get(topic.toUpperCase());
  if (command !== undefined) {
    question.say(`${topic.toUpperCase()} ${command.usage}`.trim());
    question.say(command.about);
    return;
  }
  question.say(`Commands of ${service}; HELP <command> says more:`);
  question.say([...commands.keys()].join(' '));
}

/** Several commands that are the same under other names. */
export function withAliases(
  commands: Readonly<Record<string, ServiceCommand>>,
  aliases: Readonly<Record<string, string>>,
): ServiceCommands {
  const all = new Map(Object.entries(commands));
  for (const [alias, name] of Object.entries(aliases)) {
    const command = all.get(name);
    if (command !== undefined) all.set(alias, command);
  }
  return all;
}
