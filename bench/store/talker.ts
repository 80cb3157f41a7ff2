/**
 * Clients of a server that keeps data: each is alone in a channel, and receives only the echoes of its own messages.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const CAPABILITIES = 'batch server-time message-tags echo-message soju.im/search';
const PATIENCE_MS = 60_000;

/** A caller that waits until a number of counted lines has arrived. */
interface Waiting {
  readonly count: number;
  goOn(): void;
}

/** One client. */
export class Talker {
  readonly room: string;
  readonly #socket: Socket;
  #rest = '';
  #onLine: (line: string) => void = () => undefined;

  private constructor(socket: Socket, room: string) {
    this.#socket = socket;
    this.room = room;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\r\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#onLine(line);
    });
    socket.on('error', () => undefined);
  }

  /** Lets a client in, and into a channel: its own, unless another one is named. */
  static async enter(port: number, nick: string, room = `#${nick}`): Promise<Talker> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const talker = new Talker(socket, room);
    const registration = `CAP REQ :${CAPABILITIES}\r\nNICK ${nick}\r\nUSER ${nick} 0 * :talker\r\nCAP END\r\n`;
    await talker.ask(`${registration}JOIN ${talker.room}\r\n`, (line) => line.includes(` 366 ${nick} `));
    return talker;
  }

  /** Calls back for each echo of its own messages, and for the messages of others. */
  hear(echo: (line: string) => void): void {
    this.#onLine = (line) => {
      if (line.includes(' PRIVMSG #')) echo(line);
    };
  }

  say(texts: readonly string[]): void {
    this.#socket.write(texts.map((text) => `PRIVMSG ${this.room} :${text}\r\n`).join(''));
  }

  /** Writes something, and returns the lines that arrive up to one that ends the answer. */
  async ask(text: string, isEnd: (line: string) => boolean): Promise<string[]> {
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${text.trim()}`)), PATIENCE_MS);
      this.#onLine = (line) => {
        lines.push(line);
        if (!isEnd(line)) return;
        clearTimeout(timer);
        resolve();
      };
      this.#socket.write(text);
    });
    return lines;
  }

  /** Searches. @returns how many messages it has found */
  async search(words: string, limit: number): Promise<number> {
    const text = words.replaceAll('\\', '\\\\').replaceAll(';', '\\:').replaceAll(' ', '\\s');
    const isEnd = (line: string): boolean => / BATCH -| FAIL SEARCH /.test(line);
    const lines = await this.ask(`SEARCH text=${text};limit=${limit}\r\n`, isEnd);
    if (lines.at(-1)?.includes(' FAIL ') === true) throw new Error(lines.at(-1));
    return lines.filter((line) => line.includes(' PRIVMSG ')).length;
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Waits until a number of echoes has arrived. */
export class EchoCount {
  #count = 0;
  #waiting: Waiting | null = null;

  get count(): number {
    return this.#count;
  }

  add(): void {
    this.#count += 1;
    if (this.#waiting !== null && this.#count >= this.#waiting.count) this.#waiting.goOn();
  }

  async reaches(count: number): Promise<void> {
    if (this.#count >= count) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.#count} of ${count} echoes`)), PATIENCE_MS);
      const goOn = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting = { count, goOn };
    });
    this.#waiting = null;
  }
}

/** How many messages a talker has under way at most. */
export const WINDOW = 50;

/**
 * Lets clients talk for some seconds, as fast as the echoes of their messages allow.
 *
 * @param textOf - returns the text of a message by its number
 * @returns how many messages were echoed
 */
export async function talk(
  talkers: readonly Talker[],
  seconds: number,
  textOf: (index: number) => string,
): Promise<number> {
  const heard = new EchoCount();
  let said = 0;
  let isOver = false;
  for (const talker of talkers) {
    let underWay = 0;
    const say = (): void => {
      if (isOver) return;
      talker.say(Array.from({ length: WINDOW - underWay }, (_, index) => textOf(said + index)));
      said += WINDOW - underWay;
      underWay = WINDOW;
    };
    talker.hear(() => {
      underWay -= 1;
      heard.add();
      if (underWay <= WINDOW / 2) say();
    });
    say();
  }
  await delay(seconds * 1000);
  isOver = true;
  await heard.reaches(said);
  return said;
}
