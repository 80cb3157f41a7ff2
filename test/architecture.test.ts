import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { projectPath } from './support/processes.js';

/**
 * The house: who may import whom. Data flows one way, so an import that is not in this table points backwards.
 * `types` are layers of which only types may be imported.
 */
const house: Readonly<Record<string, { readonly may: readonly string[]; readonly types?: readonly string[] }>> = {
  runtime: { may: [] },
  errors: { may: [] },
  arguments: { may: ['errors'] },
  inspect: { may: [] },
  throttle: { may: [] },
  sparing: { may: ['throttle'] },
  binding: { may: ['runtime'] },
  readiness: { may: ['binding', 'runtime', 'arguments', 'errors', 'inspect'] },
  multiplexer: { may: ['readiness', 'binding', 'runtime', 'arguments', 'errors', 'inspect'] },
  socket: { may: ['multiplexer', 'readiness', 'binding', 'runtime', 'arguments', 'errors', 'inspect'] },
  net: { may: ['socket', 'multiplexer', 'readiness', 'binding', 'arguments', 'errors', 'inspect'] },
  log: { may: [] },
  accounts: { may: [] },
  history: { may: ['log', 'search'] },
  search: { may: [] },
  store: { may: ['accounts', 'history', 'log', 'search', 'socket', 'binding', 'arguments', 'errors'] },
  chat: { may: ['log'] },
  protocol: { may: ['accounts', 'chat', 'history', 'search', 'throttle'] },
  front: { may: ['net', 'socket', 'arguments', 'errors'] },
  admin: { may: ['net', 'socket', 'arguments', 'errors'] },
  control: { may: ['log', 'net', 'socket', 'multiplexer', 'arguments', 'errors'] },
  domains: { may: ['admin', 'chat', 'control', 'log', 'net', 'socket', 'sparing', 'throttle', 'errors'] },
  server: {
    may: [
      ...['accounts', 'admin', 'control', 'domains', 'front', 'protocol', 'chat', 'history', 'store', 'log'],
      ...['net', 'socket', 'multiplexer', 'sparing', 'throttle', 'arguments', 'errors'],
    ],
  },
  cli: {
    may: [
      ...['accounts', 'control', 'server', 'store', 'protocol', 'chat'],
      ...['net', 'socket', 'multiplexer', 'readiness', 'throttle', 'arguments', 'errors'],
    ],
  },
};

/** What a package entry may import: each only names what its rooms have. */
const doors: Readonly<Record<string, readonly string[]>> = {
  index: ['net', 'socket', 'multiplexer', 'readiness', 'arguments', 'errors'],
  'chat-server': ['server', 'protocol'],
  cli: ['cli'],
  'store-thread': ['store'],
};

/**
 * State that only the chat changes, and the verbs that change it: no other room may import them, or it could change
 * state without a verb. Other rooms may name the types of the verbs, and call them through the facade.
 */
const innerFiles = [
  ...['branches', 'core', 'delivery', 'open-rooms', 'outlets', 'presences', 'presenter', 'proposal', 'publisher'],
  ...['replica', 'rooms', 'strangers', 'talk'],
];
const innerChat = new RegExp(`^chat/(?:[a-z-]+-(?:state|deeds)|${innerFiles.join('|')})\\.ts$`);
const chatVerbs = 'chat/verbs/';

/** The room of a module: a folder, or a file directly in src/ that is a room, or a door, of its own. */
const roomOf = (module: string): string => (module.split('/')[0] ?? '').replace(/\.ts$/, '');

const isDoor = (module: string): boolean => !module.includes('/') && Object.hasOwn(doors, roomOf(module));

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly isType: boolean;
}

/** Every import of a source text, in whatever form: import, export from, import(), require(), import types. */
function importsOf(module: string, text: string): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const target = specifierOf(node);
    if (target !== undefined) found.push({ from: module, ...target });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(module, text, ts.ScriptTarget.Latest, true));
  return found;
}

function specifierOf(node: ts.Node): { specifier: string; isType: boolean } | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, isType: isTypeClause(node.importClause) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, isType: node.isTypeOnly };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, isType: true };
  }
  if (ts.isCallExpression(node)) {
    const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
    const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
    const [argument] = node.arguments;
    if ((isImport || isRequire) && argument !== undefined && ts.isStringLiteral(argument)) {
      return { specifier: argument.text, isType: false };
    }
  }
  return undefined;
}

function isTypeClause(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  return (
    clause.name === undefined &&
    names !== undefined &&
    ts.isNamedImports(names) &&
    names.elements.length > 0 &&
    names.elements.every((element) => element.isTypeOnly)
  );
}

/** Returns why an import is not allowed, or undefined if it is. */
function objection({ from, specifier, isType }: Import): string | undefined {
  const room = roomOf(from);
  if (!specifier.startsWith('.')) {
    const isPure = room === 'chat' || room === 'log';
    return isPure ? `src/${from} imports ${specifier}, but ${room} imports no package` : undefined;
  }
  const module = normalize(join(dirname(from), specifier)).replace(/\.js$/, '.ts');
  const target = roomOf(module);
  if (room === 'binding' && module.endsWith('.node')) return undefined;
  if (room !== 'chat' && (innerChat.test(module) || (module.startsWith(chatVerbs) && !isType))) {
    return `src/${from} may not import ${module}: the chat is changed by its verbs alone`;
  }
  if (isDoor(module)) return `src/${from} imports ${specifier}, a door for users of the package`;
  const { may, types = [] }: (typeof house)[string] = isDoor(from)
    ? { may: doors[room] ?? [] }
    : (house[room] ?? { may: [] });
  if ((target === room && !isDoor(from)) || may.includes(target)) return undefined;
  if (types.includes(target)) return isType ? undefined : `src/${from} may import only types from ${target}`;
  return `src/${from} (${room}) may not import ${specifier} (${target})`;
}

test('every folder and file directly in src/ has its place in the house', () => {
  expect(
    readdirSync(projectPath('src'))
      .map(roomOf)
      .filter((room) => !Object.hasOwn({ ...house, ...doors }, room)),
  ).toEqual([]);
});

const sources = readdirSync(projectPath('src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ module: path, text: readFileSync(projectPath(`src/${path}`), 'utf8') }));

const imports = sources.flatMap(({ module, text }) => importsOf(module, text));

test('every import of the sources points the way that data flows', () => {
  expect(imports.map(objection).filter((line) => line !== undefined)).toEqual([]);
});

/** The chains of imports that lead back to their start. */
function circlesOf(links: readonly Import[]): string[] {
  const needs = new Map<string, string[]>();
  for (const { from, specifier } of links) {
    if (!specifier.startsWith('.')) continue;
    const target = normalize(join(dirname(from), specifier)).replace(/\.js$/, '.ts');
    needs.set(from, [...(needs.get(from) ?? []), target]);
  }
  const circles: string[] = [];
  const finished = new Set<string>();
  const walk = (module: string, path: readonly string[]): void => {
    if (path.includes(module)) circles.push([...path.slice(path.indexOf(module)), module].join(' -> '));
    if (finished.has(module) || path.includes(module)) return;
    for (const next of needs.get(module) ?? []) walk(next, [...path, module]);
    finished.add(module);
  };
  for (const module of needs.keys()) walk(module, []);
  return circles;
}

test('no module needs itself through others', () => {
  expect(circlesOf(imports.filter(({ isType }) => !isType))).toEqual([]);
});

/** The rooms of the web page, which are folders or files of web/, and who may import whom. */
const page: Readonly<Record<string, readonly string[]>> = {
  irc: [],
  connection: [],
  login: ['irc'],
  text: [],
  config: [],
  state: ['irc'],
  input: ['irc', 'state'],
  settings: ['text'],
  notify: ['state'],
  client: ['connection', 'input', 'irc', 'login', 'state'],
  views: ['client', 'config', 'input', 'irc', 'settings', 'state', 'text'],
  main: ['client', 'config', 'irc', 'notify', 'settings', 'state', 'style', 'text', 'views'],
};

/** The modules that the page shares with the server, and the room of the page that imports them. */
const SHARED_WITH_PAGE: Readonly<Record<string, string>> = {
  '../src/protocol/irc/line.ts': 'irc',
  '../src/protocol/precis.ts': 'irc',
  '../src/accounts/prepared-text.ts': 'login',
};

/** Returns why an import of the page is not allowed, or undefined if it is. */
function objectionToPage({ from, specifier }: Import): string | undefined {
  const room = roomOf(from);
  const isAllowed = (): boolean => {
    if (!specifier.startsWith('.')) return /^preact(?:\/|$)/.test(specifier) && (room === 'views' || room === 'main');
    const module = normalize(join(dirname(from), specifier)).replace(/\.js$/, '.ts');
    if (module.startsWith('..')) return SHARED_WITH_PAGE[module] === room;
    const target = roomOf(module).replace(/\.css$/, '');
    return target === room || (page[room] ?? []).includes(target);
  };
  return isAllowed() ? undefined : `web/${from} (${room}) may not import ${specifier}`;
}

describe('the web page', () => {
  const pageImports = readdirSync(projectPath('web'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /(?<!\.d)\.tsx?$/.test(path))
    .flatMap((path) => importsOf(path.replace(/x$/, ''), readFileSync(projectPath(`web/${path}`), 'utf8')));

  test('every import points the way that data flows, and only views draw', () => {
    expect(pageImports.length).toBeGreaterThan(100);
    expect(pageImports.map(objectionToPage).filter((line) => line !== undefined)).toEqual([]);
  });

  test('no module needs itself through others', () => {
    expect(circlesOf(pageImports.filter(({ isType }) => !isType))).toEqual([]);
  });

  test('what it shares with the server imports nothing', () => {
    const shared = Object.keys(SHARED_WITH_PAGE).map((path) => path.replace('../src/', ''));
    expect(imports.filter(({ from }) => shared.includes(from))).toEqual([]);
  });

  test.each([
    ['irc/spans.ts', "import { readFileSync } from 'node:fs';"],
    ['state/reducer.ts', "import { render } from 'preact';"],
    ['state/reducer.ts', "import { Client } from '../client.js';"],
    ['irc/incoming.ts', "import { parseMessage } from '../../src/protocol/irc/message.js';"],
    ['views/app.ts', "import { parseLine } from '../../src/protocol/irc/line.js';"],
  ])('an arrow that points the wrong way is found: %s with %s', (module, text) => {
    expect(importsOf(module, text).map(objectionToPage)).toEqual([expect.stringContaining(`web/${module}`)]);
  });
});

test.each(['protocol', 'server'])('no file of %s needs itself through others, not even by types', (room) => {
  expect(circlesOf(imports.filter(({ from }) => roomOf(from) === room))).toEqual([]);
});

test('a handler of IRC commands imports no other handler', () => {
  const handlers = 'protocol/irc/handlers/';
  const shared = imports.filter(({ from, specifier }) => {
    return from.startsWith(handlers) && join(dirname(from), specifier).startsWith(handlers);
  });
  expect(shared).toEqual([]);
});

test('the server knows protocols by their registry and by their settings alone', () => {
  const knowing = imports
    .filter(({ from, specifier }) => roomOf(from) === 'server' && /\/protocol\/(?:irc|plain)\//.test(specifier))
    .map(({ from, specifier }) => `${from}: ${specifier.replace(/^.*\/protocol\//, '')}`)
    .filter((line) => !/^server\/protocol(?:s|-names)\.ts: /.test(line));
  expect(knowing).toEqual(['server/config/schema.ts: irc/names.js', 'server/config/schema.ts: irc/settings.js']);
  const naming = sources.filter(
    ({ module, text }) => roomOf(module) === 'server' && /['"](?:irc|plain)['"]/.test(text),
  );
  expect(naming.map(({ module }) => module)).toEqual([]);
});

/** Every property that a source text declares and that others could assign: neither readonly nor private. */
function assignableProperties(module: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) {
      const isReadonly = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword) ?? false;
      if (!isReadonly && !ts.isPrivateIdentifier(node.name)) found.push(`${module}: ${node.name.getText()}`);
    }
    if (ts.isSetAccessor(node)) found.push(`${module}: ${node.name.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(module, text, ts.ScriptTarget.Latest, true));
  return found;
}

test('a protocol cannot assign anything of the chat: what it may import has only readonly fields', () => {
  const open = sources.filter(({ module }) => module.startsWith('chat/') && !innerChat.test(module));
  expect(open.length).toBeGreaterThan(10);
  expect(open.flatMap(({ module, text }) => assignableProperties(module, text))).toEqual([]);
});

test('only the binding finds and loads a native addon', () => {
  const loaders = sources.filter(({ text }) => /\.node\b['"`]|process\.dlopen|createRequire/.test(text));
  expect(loaders.map(({ module }) => module).filter((module) => roomOf(module) !== 'binding')).toEqual([]);
});

test('a package that is bundled into dist/ is imported by one module, so that it exists once', () => {
  const importers = new Map<string, Set<string>>();
  for (const { from, specifier, isType } of imports) {
    if (isType || specifier.startsWith('.') || specifier.startsWith('node:')) continue;
    importers.set(specifier, (importers.get(specifier) ?? new Set()).add(from));
  }
  expect([...importers].filter(([, modules]) => modules.size > 1)).toEqual([]);
});

describe('the check itself', () => {
  const objectionsTo = (module: string, text: string) => importsOf(module, text).map(objection);

  test.each([
    ['chat/room.ts', "import { x } from '../protocol/plain/session.js';"],
    ['chat/room.ts', "import { EventEmitter } from 'node:events';"],
    ['log/codec.ts', "import { randomBytes } from 'node:crypto';"],
    ['log/entry.ts', "import type { Room } from '../chat/room.js';"],
    ['protocol/irc/session.ts', "import type { Entry } from '../../log/entry.js';"],
    ['net/listener.ts', "export { Room } from '../chat/room.js';"],
    ['readiness/epoll.ts', "import { Multiplexer } from '../multiplexer/multiplexer.js';"],
    ['readiness/epoll.ts', "const m = await import('../multiplexer/multiplexer.js');"],
    ['protocol/irc/session.ts', "import { Connection } from '../../net/connection.js';"],
    ['protocol/irc/session.ts', "import { type Connection, listen } from '../../net/connection.js';"],
    ['protocol/irc/session.ts', "import type { Connection } from '../../net/connection.js';"],
    ['protocol/irc/session.ts', "import { FdmuxError } from '../../errors.js';"],
    ['protocol/irc/session.ts', "import type { MemberState } from '../../chat/member-state.js';"],
    ['protocol/plain/session.ts', "import { Publisher } from '../../chat/publisher.js';"],
    ['server/chat-server.ts', "import { say } from '../chat/verbs/speech.js';"],
    ['binding/load.ts', "import { FdmuxError } from '../errors.js';"],
    ['socket/socket.ts', "import { listen } from '../net/listener.js';"],
    ['net/listener.ts', "import { Socket } from '../index.js';"],
    ['index.ts', "export { Room } from './chat/room.js';"],
    ['errors.ts', "type B = import('./binding/contract.js').NativeBinding;"],
    ['server/chat-server.ts', "import { native } from '../binding/load.js';"],
    ['multiplexer/multiplexer.ts', "const { listen } = require('../net/listener.js');"],
  ])('an arrow that points the wrong way is found: %s with %s', (module, text) => {
    expect(objectionsTo(module, text)).toEqual([expect.stringContaining(`src/${module}`)]);
  });

  test('a circle is found, of types as of values', () => {
    const circle = [
      ...importsOf('protocol/a.ts', "import type { B } from './b.js';"),
      ...importsOf('protocol/b.ts', "import { a } from './a.js';"),
    ];
    expect(circlesOf(circle)).toEqual(['protocol/a.ts -> protocol/b.ts -> protocol/a.ts']);
  });

  test('a field that can be assigned is found, a readonly or private one is not', () => {
    const text = 'interface A { a: 1; readonly b: 2 } class C { c = 3; readonly d = 4; #e = 5; set f(v: 6) {} }';
    expect(assignableProperties('chat/a.ts', text)).toEqual(['chat/a.ts: a', 'chat/a.ts: c', 'chat/a.ts: f']);
  });

  test.each([
    ['readiness/epoll.ts', "import { native } from '../binding/load.js';"],
    ['protocol/irc/session.ts', "import { Chat } from '../../chat/chat.js';"],
    ['protocol/irc/session.ts', "import type { Target } from '../../chat/verbs/speech.js';"],
    ['chat/verbs/speech.ts', "import { stateOf } from '../member-state.js';"],
    ['server/chat-server.ts', "import { listen } from '../net/listener.js';"],
    ['chat/room.ts', "import { Member } from './member.js';"],
    ['chat/room.ts', "import type { Entry } from '../log/entry.js';"],
  ])('an arrow that points the right way is not: %s with %s', (module, text) => {
    expect(objectionsTo(module, text)).toEqual([undefined]);
  });
});
