/** Private messages between people of two domains, who share a room. */
import { performance } from 'node:perf_hooks';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Letter, LetterAnswer } from '../../src/chat/abroad.js';
import { LetterLimits } from '../../src/domains/letter-limits.js';
import { Letters } from '../../src/domains/letters.js';
import type { Tell, Told } from '../../src/domains/messages.js';
import { ask } from '../server/keeping.js';
import { msgidOf } from '../server/nodes/nodes.js';
import { hasOpenssl } from '../support/certificates.js';
import type { Peer } from '../support/peers.js';
import { Authority, type Pair, QUICK, startPair, TestDomain, Way } from './domains.js';

const LETTER = { by: 'a.1.1', to: 'beijing.example/b.1.1', type: 'message', text: 'x', tags: [] } as const;

/** The letters of one end, with what it has sent and delivered. If it `isLate`, it answers only when it is told to. */
function oneEnd({ limits = new LetterLimits(), isLate = false } = {}) {
  const [sent, delivered, errors]: [(Tell | Told)[], Letter[], unknown[]] = [[], [], []];
  const held: ((answer: LetterAnswer) => void)[] = [];
  const letters = new Letters({
    limits,
    send: (message) => void sent.push(message),
    outward: ({ by, to }) =>
      to.startsWith('beijing.example/') ? { by, to: to.slice('beijing.example/'.length) } : null,
    inward: ({ by, to }) => (by.includes('/') ? null : { by: `beijing.example/${by}`, to }),
    deliver: (letter, take) => {
      delivered.push(letter);
      if (isLate) held.push(take);
      else take({ kind: 'delivered', away: null });
    },
    attempt: (work) => {
      try {
        work();
      } catch (error) {
        errors.push(error);
      }
    },
  });
  return { letters, sent, delivered, errors, held };
}

const EMPTY = new Uint8Array(0);
const REST = { isDivisible: false };

test('a domain that has not said that it carries letters is sent none', () => {
  const { letters, sent } = oneEnd();
  const answers: LetterAnswer[] = [];
  letters.post({ ...LETTER, ...REST }, (answer) => void answers.push(answer));
  letters.open(7);
  letters.post({ ...LETTER, ...REST, to: 'tokyo.example/b.1.1' }, (answer) => void answers.push(answer));
  const unreachable = { kind: 'refused', why: 'unreachable' };
  expect([answers, sent]).toEqual([[unreachable, unreachable], []]);
});

test('letters that are not answered have failed when the connection is lost, and an answer counts once', () => {
  const { letters, sent } = oneEnd();
  const answers: LetterAnswer[] = [];
  letters.open(7);
  for (let count = 0; count < 21; count += 1)
    letters.post({ ...LETTER, ...REST }, (answer) => void answers.push(answer));
  expect(answers).toEqual([{ kind: 'refused', why: 'too-many-letters' }]);
  expect(sent).toHaveLength(20);
  const told = { kind: 'told', id: 7, turn: 1, why: null, away: 'out' } as const;
  for (const answer of [told, told, { ...told, turn: 900 }]) expect(letters.hear(answer, EMPTY)).toBe(true);
  expect(answers.slice(1)).toEqual([{ kind: 'delivered', away: 'out' }]);
  letters.lost();
  expect(answers).toHaveLength(21);
  expect(letters.hear({ ...told, turn: 2 }, EMPTY)).toBe(false);
});

test('a domain sends no more letters if it invents people, or connects again', () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  onTestFinished(() => clock.mockRestore());
  const limits = new LetterLimits();
  const tell = { kind: 'tell', id: 7, turn: 1, to: 'a.1.1', type: 'message', tags: [], ...REST } as const;
  const deliveredOf = (senders: readonly string[]): number => {
    const { letters, delivered } = oneEnd({ limits });
    letters.open(7);
    for (const by of senders) expect(letters.hear({ ...tell, by }, new TextEncoder().encode('x'))).toBe(true);
    return delivered.length;
  };
  const one = Array<string>(30).fill('b.1.1');
  expect([deliveredOf(one), deliveredOf(one)]).toEqual([20, 0]);
  expect(deliveredOf(Array.from({ length: 3000 }, (_, index) => `b.2.${index}`))).toBe(1980);
  clock.mockReturnValue(1000);
  expect(deliveredOf(one)).toBe(1);
});

test('a letter that has waited for a log is not answered over the next connection', () => {
  const { letters, sent, held } = oneEnd({ isLate: true });
  const tell = { kind: 'tell', id: 7, turn: 1, by: 'b.1.1', to: 'a.1.1', type: 'message', tags: [], ...REST } as const;
  letters.open(7);
  for (const turn of [1, 2]) letters.hear({ ...tell, turn }, new TextEncoder().encode('x'));
  const [first, second] = held;
  first?.({ kind: 'delivered', away: null });
  letters.lost();
  letters.open(7);
  second?.({ kind: 'delivered', away: null });
  expect(sent).toEqual([{ kind: 'told', id: 7, turn: 1, why: null, away: null }]);
});

test('when a letter has waited in vain, the next ones fail at once, for as long or until an answer arrives', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { letters, sent } = oneEnd();
  const answers: string[] = [];
  const post = (): void => {
    letters.post({ ...LETTER, ...REST }, (answer) => void answers.push(answer.kind));
  };
  letters.open(7);
  post();
  vi.advanceTimersByTime(5_000);
  post();
  vi.advanceTimersByTime(5_000);
  post();
  expect([answers.length, sent.length]).toEqual([2, 2]);
  letters.hear({ kind: 'told', id: 7, turn: 2, why: null, away: null }, EMPTY);
  post();
  expect([answers, sent.length]).toEqual([['refused', 'refused', 'delivered'], 3]);
  vi.advanceTimersByTime(10_000);
  post();
  expect([answers.length, sent.length]).toEqual([5, 3]);
  vi.advanceTimersByTime(10_000);
  post();
  expect([answers.length, sent.length]).toEqual([5, 4]);
});

test('somebody whose answer cannot be shown keeps no answer from the others', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { letters, errors } = oneEnd();
  const answers: LetterAnswer[] = [];
  const fail = (): never => {
    throw new Error('no room');
  };
  letters.open(7);
  for (const take of [fail, (answer: LetterAnswer) => void answers.push(answer)])
    letters.post({ ...LETTER, ...REST }, take);
  letters.post({ ...LETTER, ...REST }, fail);
  vi.advanceTimersByTime(10_000);
  expect([answers.length, errors.length]).toEqual([1, 2]);
});

test.each([
  ['more tags than a domain takes', Array.from({ length: 65 }, (_, index) => [`+a${index}`, ''] as const), 'x'],
  ['a longer name of a tag', [[`+${'a'.repeat(600)}`, '']] as const, 'x'],
  ['a longer text', [], 'x'.repeat(16_385)],
])('a letter with %s is refused here: there, it would end the link', (_what, tags, text) => {
  const { letters, sent } = oneEnd();
  const answers: LetterAnswer[] = [];
  letters.open(7);
  letters.post({ ...LETTER, ...REST, tags, text }, (answer) => void answers.push(answer));
  expect([answers, sent]).toEqual([[{ kind: 'refused', why: 'unreachable' }], []]);
});

test('an answer that would put a line of its own before the sender is a violation', () => {
  const { letters } = oneEnd();
  const answers: LetterAnswer[] = [];
  letters.open(7);
  letters.post({ ...LETTER, ...REST }, (answer) => void answers.push(answer));
  const told = { kind: 'told', id: 7, turn: 1, why: null } as const;
  for (const end of ['\r', '\n', '\0'])
    expect(letters.hear({ ...told, away: `out${end}:root QUIT` }, EMPTY)).toBe(false);
  expect(answers).toEqual([]);
  expect(letters.hear({ ...told, away: 'out' }, EMPTY)).toBe(true);
  expect(answers).toEqual([{ kind: 'delivered', away: 'out' }]);
});

test.each([
  ['of another connection', { id: 8 }, 'x'],
  ['of somebody who is not of that domain', { by: 'tokyo.example/b.1.1' }, 'x'],
  ['with a text that is none', {}, Uint8Array.of(0xff)],
  ['with a tag that would end the line', { tags: [['+a b', '']] as const }, 'x'],
])('a letter %s is a violation', (_what, more, text) => {
  const { letters, delivered } = oneEnd();
  letters.open(7);
  const tell = { kind: 'tell', id: 7, turn: 1, by: 'b.1.1', to: 'a.1.1', type: 'message', tags: [], ...REST } as const;
  const body = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  expect(letters.hear({ ...tell, ...more }, body)).toBe(false);
  expect(letters.hear(tell, new TextEncoder().encode('x'))).toBe(true);
  expect(delivered).toHaveLength(1);
});

describe.skipIf(!hasOpenssl)(`letters${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  const authority = new Authority();

  interface Meeting extends Pair {
    readonly bob: Peer;
    readonly ann: Peer;
  }

  /** Bob of beijing and ann of shanghai are in a room of beijing. */
  const meet = async (settings: object = {}): Promise<Meeting> => {
    const pair = await startPair(authority, { beijing: { settings }, shanghai: { settings } });
    const [bob, ann] = [await pair.beijing.irc('bob'), await pair.shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    return { ...pair, bob, ann };
  };

  test('they reach each other both ways, with an echo, ids and times, and nobody else', async () => {
    const { bob, ann, beijing } = await meet();
    const eve = await beijing.irc('eve');
    await ask(eve, 'JOIN #tea', / 366 /);
    const own = await ask(ann, 'PRIVMSG bob/beijing :for you', /:ann!\S+ PRIVMSG bob\/beijing :for you/);
    const heard = await bob.lineLike(/:ann\/shanghai!\S+ PRIVMSG bob :for you/);
    for (const line of [own, heard]) expect(line).toMatch(/time=\d{4}-.*msgid=|msgid=.*time=\d{4}-/);
    expect(msgidOf(own)).not.toBe('');
    const answer = await ask(bob, 'PRIVMSG ann/shanghai :thanks', /:bob!\S+ PRIVMSG ann\/shanghai :thanks/);
    expect(msgidOf(answer)).not.toBe('');
    await ann.lineLike(/:bob\/beijing!\S+ PRIVMSG ann :thanks/);
    await ask(ann, 'NOTICE bob/beijing :quietly', /NOTICE bob\/beijing :quietly/);
    await bob.lineLike(/:ann\/shanghai!\S+ NOTICE bob :quietly/);
    await ann.write('@+typing=active TAGMSG bob/beijing\r\n');
    expect(await bob.lineLike(/:ann\/shanghai!\S+ TAGMSG bob/)).toContain('+typing=active');
    await ask(bob, 'PRIVMSG #tea :end', /PRIVMSG #tea :end/);
    expect(await eve.lineLike(/PRIVMSG/)).toContain('PRIVMSG #tea :end');
  });

  test('an answer has the label of its request', async () => {
    const { ann } = await meet();
    await ask(ann, 'CAP REQ :labeled-response batch', /ACK/);
    expect(await ask(ann, '@label=x PRIVMSG bob/beijing :hello', /PRIVMSG bob\/beijing :hello/)).toContain('label=x');
    expect(await ask(ann, '@label=y PRIVMSG joe/beijing :hello', / 401 /)).toContain('label=y');
  });

  test('people of two domains who are in a room of a third one reach each other through its home', async () => {
    const [one, other] = [await Way.open(), await Way.open()];
    const names = ['shanghai.example', 'tokyo.example'] as const;
    const beijing = await TestDomain.start({
      ...{ name: 'beijing.example', authority, rooms: ['#tea'] },
      links: names.map((name) => ({ name })),
    });
    const guest = async (name: string, way: Way): Promise<TestDomain> => {
      way.leadTo(beijing.linkPort);
      const links = [{ name: 'beijing.example', way, rooms: ['#tea'] }];
      const domain = await TestDomain.start({ name, authority, links });
      await domain.linked('beijing.example');
      return domain;
    };
    const [shanghai, tokyo] = [await guest(names[0], one), await guest(names[1], other)];
    const [ann, kei] = [await shanghai.irc('ann'), await tokyo.irc('kei')];
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    await ask(kei, 'JOIN #tea:beijing.example', / 366 /);
    await ann.lineLike(/:kei\/tokyo\/beijing!\S+ JOIN/);
    await ask(ann, 'PRIVMSG kei/tokyo/beijing :hello', /:ann!\S+ PRIVMSG kei\/tokyo\/beijing :hello/);
    await kei.lineLike(/:ann\/shanghai\/beijing!\S+ PRIVMSG kei :hello/);
    await ask(kei, 'PRIVMSG ann/shanghai/beijing :hi', /PRIVMSG ann\/shanghai\/beijing :hi/);
    await ann.lineLike(/:kei\/tokyo\/beijing!\S+ PRIVMSG ann :hi/);
    other.cut();
    await tokyo.linked('beijing.example', false);
    await ask(ann, 'PRIVMSG kei/tokyo/beijing :?', / 401 ann kei\/tokyo\/beijing /);
  });

  test('who is away says so, and WHOIS names the domain', async () => {
    const { bob, ann } = await meet();
    await ask(bob, 'AWAY :asleep', / 306 /);
    await ask(ann, 'PRIVMSG bob/beijing :there?', / 301 ann bob\/beijing :asleep/);
    expect(await ask(ann, 'WHOIS bob/beijing', / 312 /)).toContain(' 312 ann bob/beijing beijing.example ');
    // Only the domain of bob knows whether that is still so.
    expect(await ann.lineLike(/ (?:301|317|318) /)).toContain(' 318 ');
  });

  test('only people who share a room reach each other', async () => {
    const { ann, bob, shanghai, beijing } = await meet();
    const [joe, eve] = [await shanghai.irc('joe'), await beijing.irc('eve')];
    await ask(joe, 'PRIVMSG bob/beijing :?', / 401 joe bob\/beijing /);
    await ask(ann, 'PRIVMSG eve/beijing :?', / 401 ann eve\/beijing /);
    await ask(eve, 'PRIVMSG ann/shanghai :?', / 401 eve ann\/shanghai /);
    await ask(ann, 'PART #tea:beijing.example', /PART/);
    await bob.lineLike(/PART #tea/);
    await ask(bob, 'PRIVMSG ann/shanghai :?', / 401 bob ann\/shanghai /);
  });

  test('who hears only those who have logged in does not hear strangers of other domains', async () => {
    const { ann, bob } = await meet();
    await ask(bob, 'MODE bob +R', /MODE bob \+R/);
    await ask(ann, 'PRIVMSG bob/beijing :?', / 477 ann bob\/beijing /);
  });

  test('more letters than a person may send fail, and the rest goes on', async () => {
    const { ann, bob } = await meet(QUICK);
    await ann.write(Array.from({ length: 30 }, (_, index) => `PRIVMSG bob/beijing :${index}\r\n`).join(''));
    for (let index = 0; index < 20; index += 1) {
      expect(await bob.lineLike(/PRIVMSG bob/)).toMatch(new RegExp(` :${index}\\r?$`));
    }
    await ann.lineLike(/ 401 ann bob\/beijing /);
    await ask(ann, 'PRIVMSG #tea:beijing.example :still here', /:still here/);
    await bob.lineLike(/:still here/);
  });

  test('more tags than another domain takes are refused, and the link stays', async () => {
    const { ann, bob } = await meet();
    const tags = Array.from({ length: 100 }, (_, index) => `+a${index}`).join(';');
    await ask(ann, `@${tags} PRIVMSG bob/beijing :?`, / 417 ann /);
    await ask(ann, 'PRIVMSG bob/beijing :still here', /:ann!\S+ PRIVMSG bob\/beijing :still here/);
    await bob.lineLike(/:ann\/shanghai!\S+ PRIVMSG bob :still here/);
  });

  test('while the link is down, letters fail at once; they go on when it is back', async () => {
    const { ann, bob, toBeijing, shanghai } = await meet();
    await ask(ann, 'CAP REQ standard-replies', /ACK/);
    toBeijing.cut();
    await shanghai.linked('beijing.example', false);
    await ask(ann, 'PRIVMSG bob/beijing :?', / FAIL PRIVMSG DOMAIN_UNREACHABLE bob\/beijing /);
    toBeijing.mend();
    await shanghai.linked('beijing.example');
    await ask(ann, 'PRIVMSG #tea:beijing.example :back', /:back/);
    await ask(ann, 'PRIVMSG bob/beijing :again', /:ann!\S+ PRIVMSG bob\/beijing :again/);
    await bob.lineLike(/:ann\/shanghai!\S+ PRIVMSG bob :again/);
  });

  test('MONITOR knows of people of other domains who are in a room here', async () => {
    const { ann, bob } = await meet();
    await ask(bob, 'MONITOR + ann/shanghai,joe/shanghai', / 730 bob :ann\/shanghai!/);
    await bob.lineLike(/ 731 bob :joe\/shanghai/);
    await ask(ann, 'PART #tea:beijing.example', /PART/);
    await bob.lineLike(/ 731 bob :ann\/shanghai/);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    await bob.lineLike(/ 730 bob :ann\/shanghai!/);
  });

  test('MONITOR reports nobody again who has left one room of several', async () => {
    const { beijing, shanghai } = await startPair(authority, { beijing: { rooms: ['#tea', '#secret'] } });
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(bob, 'MONITOR + ann/shanghai', / 731 bob :ann\/shanghai/);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    await bob.lineLike(/ 730 bob :ann\/shanghai!/);
    await ask(ann, 'JOIN #secret:beijing.example', / 366 /);
    await ask(ann, 'PART #secret:beijing.example', /:ann!\S+ PART/);
    await ask(ann, 'PRIVMSG #tea:beijing.example :end', /PRIVMSG #tea/);
    expect(await bob.lineLike(/ 73[01] | PRIVMSG /)).toContain(' PRIVMSG #tea :end');
  });
});
