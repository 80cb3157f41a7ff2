/** Starts the page: the one module that knows the browser's window, its stores and its address. */
import { render } from 'preact';
import { Client, GUEST } from './client.js';
import { configFrom, type PageConfig } from './config.js';
import { plainText } from './irc/spans.js';
import { newsOf, titleOf } from './notify.js';
import { type Session, sessionFrom, type Settings, settingsFrom, Store } from './settings.js';
import { currentConversation, type State } from './state/model.js';
import { textsFor } from './text/choose.js';
import { App } from './views/app.js';
import type { DialogName } from './views/chat.js';
import type { Page } from './views/context.js';
import { formatsFor } from './views/formats.js';

import './style.css';

/** Kept for all tabs: the settings, and what the form has at first. */
const lasting = new Store(() => localStorage);
/** Kept for this tab alone: the session that a reload goes on with. */
const passing = new Store(() => sessionStorage);

let settings: Settings = settingsFrom(lasting.read('settings'));
let dialog: DialogName | null = null;
let page: Page;
let isDrawn = false;

async function start(): Promise<void> {
  const config = await readConfig();
  const client = new Client(surroundings(config), changed, show);
  page = makePage(client, config);
  window.addEventListener('online', () => client.retryNow());
  for (const event of ['focus', 'blur']) window.addEventListener(event, attend);
  document.addEventListener('visibilitychange', attend);
  attend();
  const session = sessionFrom(passing.read('session'));
  // Nobody but the user, or its browser, knows the password of an account.
  if (session !== null && !session.hasAccount) {
    client.signIn({ ...session, password: '', credentials: GUEST, isResumed: true });
  }
  draw();
}

async function readConfig(): Promise<PageConfig> {
  try {
    const answer = await fetch('config.json', { cache: 'no-store' });
    return configFrom(await answer.json());
  } catch {
    return configFrom(null);
  }
}

function surroundings({ webSocketPath }: PageConfig): ConstructorParameters<typeof Client>[0] {
  const url = new URL(webSocketPath, document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  return {
    open({ opened, message, closed }) {
      const socket = new WebSocket(url, ['text.ircv3.net']);
      socket.addEventListener('open', opened);
      socket.addEventListener('message', ({ data }) => message(data));
      socket.addEventListener('close', closed);
      return socket;
    },
    now: () => Date.now(),
    random: () => Math.random(),
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

function makePage(client: Client, config: PageConfig): Page {
  const texts = textsFor(settings.language, navigator.languages);
  document.documentElement.lang = texts.language;
  document.documentElement.dataset['theme'] = settings.theme;
  return { client, config, texts, formats: formatsFor(texts), settings, change };
}

function change(part: Partial<Settings>): void {
  settings = { ...settings, ...part };
  lasting.write('settings', settings);
  page = makePage(page.client, page.config);
  draw();
}

function show(name: DialogName | null): void {
  dialog = name;
  draw();
}

/** Changes are drawn once, before the browser shows its next picture or, out of sight, soon. */
function draw(): void {
  if (isDrawn) return;
  isDrawn = true;
  queueMicrotask(() => {
    isDrawn = false;
    const { state } = page.client;
    document.title = titleOf(state, titleName(state));
    const root = document.getElementById('page');
    if (root === null) return;
    const session = firstSession();
    render(<App page={page} state={state} session={session} dialog={dialog} onDialog={show} />, root);
  });
}

function titleName(state: State): string {
  const { networkName } = page.config;
  const { name } = currentConversation(state);
  return name === '' ? networkName : `${name} · ${networkName}`;
}

function changed(before: State, after: State): void {
  if (after.link.kind === 'idle' && before.link.kind !== 'idle') dialog = null;
  keepSession(before, after);
  if (!after.isAttended && settings.hasNotifications) notify(before, after);
  if (before.current !== after.current) keepAddress(after);
  draw();
}

function keepSession(before: State, after: State): void {
  const isKept = after.wasOnline && after.link.kind !== 'idle';
  if (!isKept) {
    if (before.link.kind !== 'idle') passing.write('session', null);
    return;
  }
  const isSame = before.conversations === after.conversations && before.account === after.account;
  if (isSame && before.wantedNick === after.wantedNick) return;
  const rooms = [...after.conversations.values()].filter(({ isWanted }) => isWanted).map(({ name }) => name);
  const session: Session = { nick: after.wantedNick, rooms, hasAccount: after.login.wish === 'log-in' };
  const text = JSON.stringify(session);
  if (text === kept) return;
  kept = text;
  passing.write('session', session);
  lasting.write('session', session);
}

let kept = '';

/** The address leads to the room that is shown: one can send it to others. */
function keepAddress(state: State): void {
  const { kind, name } = currentConversation(state);
  const hash = kind === 'room' ? `#${encodeURIComponent(name.slice(1))}` : '';
  history.replaceState(null, '', location.pathname + location.search + hash);
}

/** The values of the form at first: the room of the address, or else those of the last time, or else the lobby. */
function firstSession(): Session {
  const last = sessionFrom(lasting.read('session')) ?? { nick: '', rooms: [], hasAccount: false };
  const room = decoded(location.hash.slice(1));
  if (room !== '') return { ...last, rooms: [`#${room}`] };
  return last.rooms.length > 0 ? last : { ...last, rooms: [page.config.lobby] };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function attend(): void {
  page.client.dispatch({
    kind: 'attention',
    isAttended: document.visibilityState === 'visible' && document.hasFocus(),
  });
}

function notify(before: State, after: State): void {
  if (Notification.permission !== 'granted') return;
  for (const { key, name, from, text } of newsOf(before, after)) {
    const title = name === from ? name : `${from} · ${name}`;
    const notification = new Notification(title, { body: plainText(text), tag: key });
    notification.addEventListener('click', () => {
      window.focus();
      page.client.show(key);
      notification.close();
    });
  }
}

void start();
