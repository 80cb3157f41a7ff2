/** Brings the connection, the state and the user's acts together. */
import { Connection, type Surroundings } from './connection/connection.js';
import { type Act, actsFor } from './input/commands.js';
import { isRoomName } from './irc/features.js';
import { parseIncoming } from './irc/incoming.js';
import { formatLine } from './irc/outgoing.js';
import { registerLine, verifyLine } from './login/registration.js';
import { exchangeFor, SaslLogin } from './login/sasl.js';
import { answersTo } from './state/answers.js';
import { keyOf } from './state/conversations.js';
import type { PageEvent } from './state/events.js';
import { hasNewMarks, markLines } from './state/marks.js';
import { currentConversation, type Hit, INITIAL_STATE, type LoginWish, type State } from './state/model.js';
import { messageLines, messagePieces } from './state/multiline.js';
import { hasLabels, type Outgoing } from './state/own-messages.js';
import { reduce } from './state/reducer.js';
import { historyLines } from './state/scrollback.js';
import { searchLines } from './state/search.js';

/** The identity that the user signs in with. */
export interface Identity {
  readonly nick: string;
  readonly rooms: readonly string[];
  /** The server's password; empty for none. */
  readonly password: string;
  readonly credentials: Credentials;
  /** Whether the page takes up a session that a reload has ended: it finds a nick by itself then. */
  readonly isResumed: boolean;
}

/** The identity that the user proves, to have an account. It stays in the memory of this page, for lost connections. */
export interface Credentials {
  readonly wish: LoginWish;
  /** The account's password; empty for a guest. */
  readonly secret: string;
  /** For a new account; empty for none. */
  readonly mail: string;
}

export const GUEST: Credentials = { wish: 'guest', secret: '', mail: '' };

/** How long the page collects what the user has read before the server is told. */
const MARK_MS = 2000;

export class Client {
  readonly #connection: Connection;
  readonly #now: () => number;
  readonly #after: Surroundings['after'];
  readonly #changed: (before: State, after: State) => void;
  readonly #dialogAsked: (name: 'help' | 'search') => void;
  #state: State = INITIAL_STATE;
  #password = '';
  #credentials = GUEST;
  #newSecret = '';
  #login: SaslLogin | null = null;
  #cancelMarks: (() => void) | null = null;
  #labels = 0;

  /**
   * @param changed - is called after each change of the state
   * @param dialogAsked - is called when the user types `/help` or `/search`
   */
  constructor(
    surroundings: Surroundings,
    changed: (before: State, after: State) => void,
    dialogAsked: (name: 'help' | 'search') => void,
  ) {
    this.#now = surroundings.now;
    this.#after = surroundings.after;
    this.#changed = changed;
    this.#dialogAsked = dialogAsked;
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
    if (this.#state === before) return;
    this.#follow(before);
    this.#changed(before, this.#state);
  }

  /** Sends what the new state asks for, and the one before did not. */
  #follow(before: State): void {
    const after = this.#state;
    const lines = [...historyLines(before, after, this.#now()), ...searchLines(before, after)];
    for (const line of lines) this.#connection.send(line);
    if (after.login.step === 'running' && before.login.step !== 'running') this.#beginLogin(before);
    if (before.conversations !== after.conversations && hasNewMarks(after)) {
      this.#cancelMarks ??= this.#after(MARK_MS, () => this.#mark());
    }
  }

  /** Reports to the server how far the user has read. */
  #mark(): void {
    this.#cancelMarks = null;
    if (!hasNewMarks(this.#state)) return;
    for (const line of markLines(this.#state)) this.#connection.send(line);
    this.dispatch({ kind: 'marked' });
  }

  #beginLogin({ login }: State): void {
    if (login.step === 'code') return;
    const { secret, mail } = this.#credentials;
    const { offered, login: now } = this.#state;
    if (now.wish === 'sign-up') {
      this.#connection.send(registerLine(mail, secret));
      return;
    }
    const exchange = exchangeFor(offered.get('sasl') ?? '', now.account, secret);
    this.#login = new SaslLogin(exchange, (line) => this.#connection.send(line));
  }

  signIn({ nick, rooms, password, credentials, isResumed }: Identity): void {
    this.#password = password;
    this.#credentials = credentials;
    this.dispatch({ kind: 'signed-in', nick, rooms, isResumed, login: credentials.wish });
    this.#connection.start();
  }

  /** Logs in to an account, or makes one, in the chat. */
  logIn(account: string, credentials: Credentials): void {
    this.#credentials = credentials;
    this.dispatch({ kind: 'login-wanted', wish: credentials.wish, account });
  }

  /** Sends the code that the owner of a new account has received. */
  verify(code: string): void {
    const { unverified } = this.#state.login;
    this.dispatch({ kind: 'code-sent' });
    this.#connection.send(verifyLine(unverified, code));
  }

  /** Asks NickServ to change the account's password. */
  changeSecret(secret: string): void {
    this.#newSecret = secret;
    this.#askService(['SET', 'PASSWORD', secret]);
  }

  /** Asks NickServ to erase the account, which its owner confirms by the password. */
  eraseAccount(secret: string): void {
    this.#newSecret = '';
    this.#askService(['DROP', this.#state.account, secret]);
  }

  /** Asks NickServ where else the user is logged in. */
  listDevices(): void {
    const label = this.#nextLabel();
    this.dispatch({ kind: 'devices-asked', label });
    this.#connection.send(formatLine('NS', ['CLIENTS', 'LIST'], label));
  }

  /** Asks NickServ to log out another device. */
  logOutDevice(number: string): void {
    this.#askService(['CLIENTS', 'LOGOUT', number]);
    this.listDevices();
  }

  #askService(words: readonly string[]): void {
    const label = this.#nextLabel();
    this.dispatch({ kind: 'service-asked', label });
    this.#connection.send(formatLine('NS', words, label));
  }

  /** The next login needs the password that NickServ has just taken. */
  #keepSecret({ login }: State): void {
    const { answer, failure } = this.#state.login;
    if (this.#newSecret === '' || answer === login.answer || failure !== null) return;
    this.#credentials = { ...this.#credentials, secret: this.#newSecret };
    this.#newSecret = '';
  }

  signOut(reason: string): void {
    this.#credentials = GUEST;
    this.#password = '';
    this.#cancelMarks?.();
    this.#mark();
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
        this.#dialogAsked('help');
        return;
      }
      case 'search': {
        this.dispatch({ kind: 'searched', words: act.words, place: act.place });
        this.#dialogAsked('search');
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

  /** Loads the lines before the first of the current conversation. */
  loadEarlier(): void {
    this.dispatch({ kind: 'earlier-wanted', key: this.#state.current });
  }

  /** @param id - of the line that stands for what is missing */
  loadMissing(id: number): void {
    this.dispatch({ kind: 'missing-wanted', key: this.#state.current, id });
  }

  /** Shows the place in which something was said. */
  goTo({ place, messageId }: Hit): void {
    this.dispatch({ kind: 'place-wanted', name: place, messageId });
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
    this.#keepSecret(before);
    if (message.command === 'AUTHENTICATE') void this.#login?.receive(message.params[0] ?? '+');
    // Signing in has failed, or the server does not want this user: the page waits for the user.
    if (this.#state.link.kind === 'idle') this.#connection.stop();
    // The server has no time for logins now: it is tried again by itself.
    if (this.#state.link.kind === 'waiting') this.#connection.retryLater();
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
