/** Brings the connection, the state and the user's acts together. */
import { Connection, type Surroundings } from './connection/connection.js';
import { type Act, actsFor } from './input/commands.js';
import { isRoomName } from './irc/features.js';
import { parseIncoming } from './irc/incoming.js';
import { formatLine } from './irc/outgoing.js';
import { answersTo } from './state/answers.js';
import { keyOf } from './state/conversations.js';
import type { PageEvent } from './state/events.js';
import { currentConversation, INITIAL_STATE, type State } from './state/model.js';
import { messageLines, messagePieces } from './state/multiline.js';
import { hasLabels, type Outgoing } from './state/own-messages.js';
import { reduce } from './state/reducer.js';

/** What the user signs in with. */
export interface Identity {
  readonly nick: string;
  readonly rooms: readonly string[];
  readonly password: string;
  /** Whether the page takes up a session that a reload has ended: it finds a nick by itself then. */
  readonly isResumed: boolean;
}

export class Client {
  readonly #connection: Connection;
  readonly #now: () => number;
  readonly #changed: (before: State, after: State) => void;
  readonly #helpAsked: () => void;
  #state: State = INITIAL_STATE;
  #password = '';
  #labels = 0;

  /**
   * @param changed - is called after each change of the state
   * @param helpAsked - is called when the user types `/help`
   */
  constructor(surroundings: Surroundings, changed: (before: State, after: State) => void, helpAsked: () => void) {
    this.#now = surroundings.now;
    this.#changed = changed;
    this.#helpAsked = helpAsked;
    this.#connection = new Connection(
      {
        connecting: () => this.dispatch({ kind: 'connecting' }),
        opened: () => this.#register(),
        line: (text) => this.#receive(text),
        lost: (retryAtMs) => this.dispatch({ kind: 'lost', retryAtMs, atMs: this.#now() }),
      },
      surroundings,
    );
  }

  get state(): State {
    return this.#state;
  }

  dispatch(event: PageEvent): void {
    const before = this.#state;
    this.#state = reduce(before, event);
    if (this.#state !== before) this.#changed(before, this.#state);
  }

  signIn({ nick, rooms, password, isResumed }: Identity): void {
    this.#password = password;
    this.dispatch({ kind: 'signed-in', nick, rooms, isResumed });
    this.#connection.start();
  }

  signOut(reason: string): void {
    this.#connection.send(formatLine('QUIT', [reason]));
    this.#connection.stop();
    this.dispatch({ kind: 'signed-out' });
  }

  retryNow(): void {
    if (this.#state.link.kind === 'waiting') this.#connection.retryNow();
  }

  show(key: string): void {
    this.dispatch({ kind: 'shown', key });
  }

  /** Does what a text that was typed in the current conversation asks for. */
  submit(text: string): void {
    const { kind, name } = currentConversation(this.#state);
    for (const act of actsFor(text, { kind, name, features: this.#state.features })) this.act(act);
  }

  act(act: Act): void {
    switch (act.kind) {
      case 'say': {
        this.#say(act.target, act.style, act.text);
        return;
      }
      case 'send': {
        this.#ask(act.line);
        return;
      }
      case 'join':
        for (const room of act.rooms) this.#join(room, act.password);
        return;
      case 'part': {
        this.#ask(formatLine('PART', act.reason === '' ? [act.room] : [act.room, act.reason]));
        return;
      }
      case 'nick': {
        this.#ask(formatLine('NICK', [act.nick]));
        return;
      }
      case 'away':
        this.dispatch({ kind: 'away', reason: act.reason });
        {
          this.#ask(formatLine('AWAY', act.reason === null ? [] : [act.reason]));
          return;
        }
      case 'talk': {
        this.dispatch({ kind: 'talked-to', nick: act.nick });
        return;
      }
      case 'list': {
        this.listRooms();
        return;
      }
      case 'clear': {
        this.dispatch({ kind: 'cleared', key: this.#state.current });
        return;
      }
      case 'help': {
        this.#helpAsked();
        return;
      }
      case 'quit': {
        this.signOut(act.reason);
        return;
      }
      case 'wrong': {
        this.#hint(act.hint, act.detail);
        return;
      }
    }
  }

  /** Leaves a room and closes it, or closes a conversation. */
  close(key: string): void {
    const conversation = this.#state.conversations.get(key);
    if (conversation?.isJoined === true) this.#connection.send(formatLine('PART', [conversation.name]));
    this.dispatch({ kind: 'closed', key });
  }

  /** Sends a message again that was refused, or may be lost. */
  sayAgain(key: string, id: number): void {
    const conversation = this.#state.conversations.get(key);
    const body = conversation?.lines.find((line) => line.id === id)?.body;
    if (conversation === undefined || body?.kind !== 'message' || this.#state.link.kind !== 'online') return;
    const label = this.#nextLabel();
    this.dispatch({ kind: 'said-again', key, id, label });
    this.#sendMessage(conversation.name, { ...body, label });
  }

  /** Asks the server to take an own message back. */
  redact(key: string, messageId: string): void {
    const conversation = this.#state.conversations.get(key);
    if (conversation !== undefined) this.#ask(formatLine('REDACT', [conversation.name, messageId]));
  }

  listRooms(): void {
    this.dispatch({ kind: 'listing' });
    this.#connection.send('LIST');
  }

  #register(): void {
    this.dispatch({ kind: 'opened' });
    const { nick } = this.#state;
    const user = nick.replace(/[^A-Za-z0-9]/g, '') || 'web';
    const password = this.#password === '' ? [] : [formatLine('PASS', [this.#password])];
    for (const line of ['CAP LS 302', ...password, `NICK ${nick}`, formatLine('USER', [user, '0', '*', nick])]) {
      this.#connection.send(line);
    }
  }

  #receive(text: string): void {
    const message = parseIncoming(text);
    if (message === null) return;
    const before = this.#state;
    this.dispatch({ kind: 'received', message, atMs: this.#now() });
    for (const line of answersTo(before, this.#state, message)) this.#connection.send(line);
    // Signing in has failed, or the server does not want this user: the page waits for the user.
    if (this.#state.link.kind === 'idle') this.#connection.stop();
  }

  #say(target: string, style: 'text' | 'action' | 'notice', text: string): void {
    const { features, conversations } = this.#state;
    const key = keyOf(this.#state, target);
    const conversation = conversations.get(key);
    const isRoom = isRoomName(features, target);
    const isSent = this.#state.link.kind === 'online' && (!isRoom || conversation?.isJoined !== false);
    for (const piece of messagePieces(this.#state, target, style, text)) {
      const label = this.#nextLabel();
      if (conversations.has(key)) {
        this.dispatch({ kind: 'said', key, style, text: piece, label, isSent, atMs: this.#now() });
      } else {
        this.dispatch({ kind: 'asked', label, key: this.#state.current });
      }
      if (isSent) this.#sendMessage(target, { style, text: piece, label });
    }
  }

  #sendMessage(target: string, message: Outgoing): void {
    for (const line of messageLines(this.#state, target, message)) this.#connection.send(line);
  }

  #join(room: string, password: string): void {
    const key = keyOf(this.#state, room);
    if (this.#state.conversations.get(key)?.isJoined === true) {
      this.show(key);
      return;
    }
    this.dispatch({ kind: 'wanted', room, password });
    this.show(key);
    if (this.#state.link.kind === 'online') {
      this.#connection.send(formatLine('JOIN', password === '' ? [room] : [room, password]));
    }
  }

  /** Sends a command; its answer is shown where it was typed. */
  #ask(line: string): void {
    const { link, capabilities, current } = this.#state;
    if (link.kind !== 'online') {
      this.#hint('offline', '');
      return;
    }
    const label = this.#nextLabel();
    const isLabeled = hasLabels(capabilities) && !line.startsWith('@');
    if (isLabeled) this.dispatch({ kind: 'asked', label, key: current });
    this.#connection.send(isLabeled ? `@label=${label} ${line}` : line);
  }

  #hint(hint: 'unknown-command' | 'usage' | 'not-here' | 'offline', detail: string): void {
    this.dispatch({ kind: 'hinted', key: this.#state.current, hint, detail, atMs: this.#now() });
  }

  #nextLabel(): string {
    this.#labels += 1;
    return `p${this.#labels}`;
  }
}
