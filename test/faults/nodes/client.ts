/** A client of IRC, over plain lines or in a WebSocket, that writes down all that it sees. */
import { connect, type Socket } from 'node:net';
import { until } from '../../support/deadline.js';
import { frame, handshake } from '../../support/web-sockets.js';
import type { Sight, Transcript } from './record.js';

/** How a client connects: lines over a unix socket, or a WebSocket over one. */
export type Way = 'lines' | 'web';

/** What a client is. */
export interface ClientOptions {
  /** Names it among all clients of a run; no spaces. */
  readonly id: string;
  readonly node: string;
  readonly nick: string;
  /** Whether it keeps its nick, which nobody else ever takes. */
  readonly keepsNick: boolean;
  readonly way: Way;
  readonly path: string;
}

/** A sight as it is written down, without its time. */
type Unseen = Sight extends infer S ? (S extends Sight ? Omit<S, 'atMs'> : never) : never;

/** What a client asks for: its echoes are the acknowledgements, and its labels tell the failures apart. */
const CAPABILITIES = 'echo-message message-tags batch labeled-response standard-replies server-time';

interface Line {
  readonly tags: ReadonlyMap<string, string>;
  readonly nick: string;
  readonly command: string;
  readonly parameters: readonly string[];
}

function parse(text: string): Line {
  const [, tags = '', source = '', command = '', rest = ''] =
    /^(?:@(\S+) +)?(?::(\S+) +)?(\S+) ?(.*)$/.exec(text) ?? [];
  const colon = rest.startsWith(':') ? 0 : rest.indexOf(' :');
  const middle = (colon < 0 ? rest : rest.slice(0, colon)).split(' ').filter((word) => word !== '');
  const parameters = colon < 0 ? middle : [...middle, rest.slice(rest.indexOf(':', colon) + 1)];
  const pairs = tags.split(';').map((tag) => [tag.split('=')[0] ?? '', tag.slice(tag.indexOf('=') + 1)] as const);
  return { tags: new Map(pairs), nick: source.split('!')[0] ?? '', command, parameters };
}

/** One connection. */
export class Client {
  readonly id: string;
  readonly node: string;
  /** The nick that it has now. */
  nick: string;
  /** The rooms that it is in, as far as it knows. */
  readonly rooms = new Set<string>();
  /** Whether the server has welcomed it. */
  isWelcome = false;
  isOver = false;
  /** The lines that came last, for the message of a failure. */
  readonly lately: string[] = [];
  readonly #options: ClientOptions;
  readonly #socket: Socket;
  readonly #sights: Sight[] = [];
  /** The members of rooms whose lists are arriving. */
  readonly #lists = new Map<string, string[]>();
  /** The texts that have neither come back nor failed, by their labels. */
  readonly #unanswered = new Map<string, string>();
  readonly #hearers = new Set<(line: Line) => void>();
  #bytes = Buffer.alloc(0);
  #isOpen: boolean;
  #isClosing = false;
  #said = 0;
  #pings = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.id = options.id;
    this.node = options.node;
    this.nick = options.nick;
    this.#isOpen = options.way === 'lines';
    this.#socket = connect({ path: options.path });
    this.#socket.on('connect', () => {
      if (options.way === 'web') this.#socket.write(handshake({ Host: 'irc.example.org' }));
      this.#register();
    });
    this.#socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#take();
    });
    this.#socket.on('error', () => {}); // It is followed by 'close'.
    this.#socket.on('close', () => {
      this.isOver = true;
      this.#see({ kind: 'closed', by: this.#isClosing ? 'client' : 'server' });
    });
  }

  get transcript(): Transcript {
    const { id, node, nick, keepsNick } = this.#options;
    return { id, node, nick: keepsNick ? nick : null, firstNick: nick, sights: this.#sights };
  }

  /** How many of its messages wait for an answer. */
  get waiting(): number {
    return this.#unanswered.size;
  }

  /** Whether it has heard a text. */
  hasHeard(text: string): boolean {
    return this.#sights.some((sight) => sight.kind === 'heard' && sight.text === text);
  }

  /** Whether a text that it has said was refused. */
  hasFailed(text: string): boolean {
    return this.#sights.some((sight) => sight.kind === 'failed' && sight.text === text);
  }

  /** Waits until it is welcome, or over. */
  async welcomed(deadlineMs: number): Promise<boolean> {
    await until(
      () => this.isWelcome || this.isOver,
      () => this.#story('a welcome'),
      deadlineMs,
    );
    return this.isWelcome;
  }

  join(room: string): void {
    this.send(`JOIN ${room}`);
  }

  /** Says something that nobody has said before. @returns the text */
  say(room: string): string {
    this.#said += 1;
    const text = `${this.id} ${this.#said}`;
    this.#unanswered.set(`s${this.#said}`, text);
    this.#see({ kind: 'said', room, text });
    this.send(`@label=s${this.#said} PRIVMSG ${room} :${text}`);
    return text;
  }

  ping(): void {
    this.#pings += 1;
    const token = `${this.id}-${this.#pings}`;
    this.#see({ kind: 'pinged', token });
    this.send(`PING ${token}`);
  }

  /** Sends a line, and waits for the first line with one of some commands. @returns its parameters */
  async ask(line: string, commands: readonly string[], deadlineMs: number): Promise<Line> {
    let answer: Line | undefined;
    const hear = (one: Line): void => {
      if (commands.includes(one.command)) answer ??= one;
    };
    this.#hearers.add(hear);
    try {
      this.send(line);
      await until(
        () => answer !== undefined || this.isOver,
        () => this.#story(line),
        deadlineMs,
      );
    } finally {
      this.#hearers.delete(hear);
    }
    if (answer === undefined) throw new Error(this.#story(`the connection ended before the answer to ${line}`));
    return answer;
  }

  /** Hears every line of some command while something happens. */
  async during(command: string, act: () => Promise<unknown>): Promise<Line[]> {
    const lines: Line[] = [];
    const hear = (one: Line): void => {
      if (one.command === command) lines.push(one);
    };
    this.#hearers.add(hear);
    await act().finally(() => this.#hearers.delete(hear));
    return lines;
  }

  send(line: string): void {
    if (this.isOver) return;
    this.#socket.write(this.#options.way === 'web' ? frame({ payload: line }) : `${line}\r\n`);
  }

  /** Ends the connection from this side. */
  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #register(): void {
    for (const line of [
      `CAP REQ :${CAPABILITIES}`,
      `NICK ${this.nick}`,
      `USER ${this.id} 0 * :${this.id}`,
      'CAP END',
    ]) {
      this.send(line);
    }
  }

  #see(sight: Unseen): void {
    this.#sights.push({ ...sight, atMs: performance.now() });
  }

  #take(): void {
    if (!this.#isOpen) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#bytes = this.#bytes.subarray(end + 4);
      this.#isOpen = true;
    }
    for (let line = this.#next(); line !== null; line = this.#next()) {
      if (line === '') continue;
      this.lately.push(line);
      if (this.lately.length > 20) this.lately.shift();
      this.#hear(parse(line));
    }
  }

  /** Takes the next line; null if it is not whole yet. */
  #next(): string | null {
    const bytes = this.#bytes;
    if (this.#options.way === 'lines') {
      const end = bytes.indexOf(0x0a);
      if (end < 0) return null;
      this.#bytes = bytes.subarray(end + 1);
      return bytes.toString('utf8', 0, end).replace(/\r$/, '');
    }
    const [first, short] = bytes;
    if (first === undefined || short === undefined) return null;
    const begin = short < 126 ? 2 : 4;
    if (bytes.length < begin) return null;
    const end = begin + (short < 126 ? short : bytes.readUInt16BE(2));
    if (bytes.length < end) return null;
    this.#bytes = bytes.subarray(end);
    return (first & 0x0f) === 1 ? bytes.toString('utf8', begin, end) : '';
  }

  #hear(line: Line): void {
    const { tags, nick, command, parameters } = line;
    const [first = '', second = ''] = parameters;
    const isOwn = nick === this.nick;
    switch (command) {
      case '001':
        this.isWelcome = true;
        this.nick = first;
        break;
      case '433':
        // Somebody may still have it who is no longer there.
        if (!this.isWelcome) setTimeout(() => this.send(`NICK ${this.nick}`), 500);
        break;
      case 'PING':
        this.send(`PONG :${first}`);
        break;
      case 'PONG':
        this.#see({ kind: 'ponged', token: second });
        break;
      case 'PRIVMSG':
        this.#see({ kind: 'heard', room: first, text: second, msgid: tags.get('msgid') ?? '' });
        if (isOwn) this.#answered(second);
        break;
      case 'JOIN':
        if (isOwn) this.rooms.add(first);
        this.#see({ kind: 'joined', room: first, nick });
        break;
      case 'PART':
        if (isOwn) this.rooms.delete(first);
        this.#see({ kind: 'left', room: first, nick, reason: second });
        break;
      case 'KICK':
        if (second === this.nick) this.rooms.delete(first);
        this.#see({ kind: 'left', room: first, nick: second, reason: parameters[2] ?? '' });
        break;
      case 'QUIT':
        this.#see({ kind: 'quit', nick, reason: first });
        break;
      case 'NICK':
        if (isOwn) this.nick = first;
        this.#see({ kind: 'renamed', nick, to: first });
        break;
      case 'NOTICE':
        if (first.startsWith('#')) this.#see({ kind: 'noticed', room: first, text: second });
        break;
      case '353':
        this.#list(parameters);
        break;
      case '366':
        this.#see({ kind: 'listed', room: second, nicks: this.#lists.get(second) ?? [] });
        this.#lists.delete(second);
        break;
      default:
        this.#refused(line);
    }
    for (const hear of this.#hearers) hear(line);
  }

  #list([, , room = '', names = '']: readonly string[]): void {
    const nicks = names.split(' ').filter((name) => name !== '');
    this.#lists.set(room, [...(this.#lists.get(room) ?? []), ...nicks.map((name) => name.replace(/^[~&@%+]+/, ''))]);
  }

  /** Hears a failure of a message: it has the label of that. */
  #refused({ tags, command, parameters }: Line): void {
    const text = this.#unanswered.get(tags.get('label') ?? '');
    if (text === undefined) return;
    this.#see({ kind: 'failed', text, code: command === 'FAIL' ? (parameters[1] ?? '') : command });
    this.#answered(text);
  }

  #answered(text: string): void {
    this.#unanswered.delete(`s${/ (\d+)$/.exec(text)?.[1] ?? ''}`);
  }

  #story(what: string): string {
    return `${this.id} (${this.nick} on ${this.node}): ${what}; lately:\n${this.lately.join('\n')}`;
  }
}
