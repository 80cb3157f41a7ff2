/** The page and accounts: logging in, making an account, and what the browser computes for it. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Client, type Credentials } from '../../web/client.js';
import type { SocketEvents } from '../../web/connection/connection.js';
import { exchangeFor, SaslLogin } from '../../web/login/sasl.js';
import { scram } from '../../web/login/scram.js';
import { plainResponse } from '../support/sasl.js';
import { CAPABILITIES } from './transcript.js';

const OFFER = `${CAPABILITIES} sasl=PLAIN,EXTERNAL draft/account-registration=before-connect`;
const LOGGED_IN = ':s 900 ann ann!u@h ann :You are now logged in as ann';
const PLAIN_ANN = plainResponse('ann', 'secret');

/** A whole page without views, and the server that it talks to: this test. */
class Conversation {
  readonly sent: string[] = [];
  #events: SocketEvents | null = null;
  #timers: (() => void)[] = [];
  readonly client = new Client(
    {
      open: (events) => {
        this.#events = events;
        return { send: (line) => this.sent.push(line), close: () => undefined };
      },
      now: () => 0,
      random: () => 0,
      after: (_delayMs, callback) => {
        this.#timers.push(callback);
        return () => (this.#timers = this.#timers.filter((each) => each !== callback));
      },
    },
    () => undefined,
    () => undefined,
  );

  signIn(credentials: Credentials, nick = 'ann'): this {
    this.client.signIn({ nick, rooms: ['#a'], password: '', credentials, isResumed: false });
    this.#events?.opened();
    return this;
  }

  async hear(...lines: readonly string[]): Promise<this> {
    for (const line of lines) {
      this.#events?.message(line);
      // What a login computes is awaited by nobody.
      await new Promise(setImmediate);
    }
    return this;
  }

  lose(): this {
    this.#events?.closed();
    return this;
  }

  reopen(): this {
    this.client.retryNow();
    this.#events?.opened();
    return this;
  }

  takeSent(): string[] {
    return this.sent.splice(0);
  }

  get state() {
    return this.client.state;
  }
}

const logIn: Credentials = { wish: 'log-in', secret: 'secret', mail: '' };
const signUp: Credentials = { wish: 'sign-up', secret: 'a long secret', mail: '' };
const negotiation = (offer = OFFER): string[] => [
  `:s CAP * LS :${offer}`,
  `:s CAP * ACK :${offer.replace(/=\S*/g, '')}`,
];

describe('logging in', () => {
  test('happens before the registration ends, and again after a lost connection', async () => {
    const page = await new Conversation().signIn(logIn).hear(...negotiation());
    expect(page.takeSent().slice(-1)).toEqual(['AUTHENTICATE PLAIN']);
    await page.hear('AUTHENTICATE +');
    expect(page.takeSent()).toEqual([`AUTHENTICATE ${PLAIN_ANN}`]);
    await page.hear(LOGGED_IN, ':s 903 ann :SASL authentication successful');
    expect(page.takeSent()).toEqual(['CAP END']);
    await page.hear(':s 001 ann :Welcome', ':ann!u@h NICK anna');
    expect(page.state).toMatchObject({ account: 'ann', login: { step: 'idle' }, link: { kind: 'online' } });
    page.lose().reopen().takeSent();
    expect(page.state.account).toBe('');
    await page.hear(...negotiation(), 'AUTHENTICATE +');
    expect(page.takeSent().slice(-2)).toEqual(['AUTHENTICATE PLAIN', `AUTHENTICATE ${PLAIN_ANN}`]);
  });

  test('with a wrong password returns to the form, and says why', async () => {
    const page = await new Conversation().signIn(logIn).hear(...negotiation(), 'AUTHENTICATE +');
    page.takeSent();
    await page.hear(':s 904 ann :SASL authentication failed');
    expect(page.state).toMatchObject({ link: { kind: 'idle' }, failure: { code: '904' } });
    expect(page.takeSent()).toEqual([]);
  });

  test('is refused for the reason that the server gives first', async () => {
    const page = await new Conversation().signIn(logIn).hear(...negotiation(), 'AUTHENTICATE +');
    await page.hear(':s FAIL AUTHENTICATE TRY_LATER :Busy', ':s 904 ann :SASL authentication failed');
    expect(page.state).toMatchObject({ link: { kind: 'idle' }, failure: { code: 'TRY_LATER', text: 'Busy' } });
  });

  test('that a busy server refuses a page that was online is tried again later', async () => {
    const page = await new Conversation().signIn(logIn).hear(...negotiation(), LOGGED_IN, ':s 903 ann :ok');
    await page.hear(':s 001 ann :Welcome');
    await page
      .lose()
      .reopen()
      .hear(...negotiation(), 'AUTHENTICATE +');
    await page.hear(':s FAIL AUTHENTICATE TRY_LATER :Busy', ':s 904 ann :SASL authentication failed');
    expect(page.state).toMatchObject({ link: { kind: 'waiting', retryAtMs: 500 }, wasOnline: true, failure: null });
    page.reopen().takeSent();
    await page.hear(...negotiation());
    expect(page.takeSent().slice(-1)).toEqual(['AUTHENTICATE PLAIN']);
  });

  test('needs a server that has accounts', async () => {
    const page = await new Conversation().signIn(logIn).hear(...negotiation(CAPABILITIES));
    expect(page.state).toMatchObject({ link: { kind: 'idle' }, failure: { code: 'NO_ACCOUNTS' } });
  });

  test('is possible in the chat, and so is being logged out', async () => {
    const page = await new Conversation().signIn({ wish: 'guest', secret: '', mail: '' }).hear(...negotiation());
    expect(page.takeSent().slice(-1)).toEqual(['CAP END']);
    await page.hear(':s 001 ann :Welcome');
    page.takeSent();
    page.client.logIn('ann', logIn);
    await page.hear('AUTHENTICATE +', ':s 904 ann :No');
    expect(page.takeSent()).toEqual(['AUTHENTICATE PLAIN', `AUTHENTICATE ${PLAIN_ANN}`]);
    expect(page.state).toMatchObject({ link: { kind: 'online' }, login: { step: 'idle', failure: { code: '904' } } });
    page.client.logIn('ann', logIn);
    await page.hear('AUTHENTICATE +', LOGGED_IN, ':s 903 ann :ok');
    expect(page.state).toMatchObject({ account: 'ann', login: { step: 'idle', failure: null } });
    await page.hear(':s 901 ann ann!u@h :You are now logged out');
    expect(page.state.account).toBe('');
  });

  test('is forgotten when the user leaves', async () => {
    const page = await new Conversation().signIn(logIn).hear(...negotiation(), LOGGED_IN, ':s 903 ann :ok');
    page.client.signOut('');
    page.takeSent();
    page.client.signIn({
      nick: 'ann',
      rooms: [],
      password: '',
      credentials: { wish: 'guest', secret: '', mail: '' },
      isResumed: false,
    });
    await page.reopen().hear(...negotiation());
    expect(page.takeSent().join(' ')).not.toContain('AUTHENTICATE');
  });
});

describe('making an account', () => {
  test('happens before the registration ends if the server allows it', async () => {
    const page = await new Conversation().signIn(signUp).hear(...negotiation());
    expect(page.takeSent().slice(-1)).toEqual(['REGISTER * * :a long secret']);
    await page.hear(':s REGISTER SUCCESS ann :Account created', LOGGED_IN);
    expect(page.takeSent()).toEqual(['CAP END']);
    expect(page.state).toMatchObject({ account: 'ann', login: { wish: 'log-in', step: 'idle' } });
  });

  test('or else after it', async () => {
    const page = await new Conversation().signIn(signUp).hear(...negotiation(OFFER.replace('=before-connect', '')));
    expect(page.takeSent().slice(-1)).toEqual(['CAP END']);
    await page.hear(':s 001 ann :Welcome');
    expect(page.takeSent()).toContain('REGISTER * * :a long secret');
    await page.hear(':s FAIL REGISTER ACCOUNT_EXISTS ann :Taken');
    expect(page.state).toMatchObject({ link: { kind: 'online' }, login: { failure: { code: 'ACCOUNT_EXISTS' } } });
  });

  test('with a name that is taken returns to the form', async () => {
    const page = await new Conversation().signIn(signUp).hear(...negotiation());
    await page.hear(':s FAIL REGISTER ACCOUNT_EXISTS ann :Taken');
    expect(page.state).toMatchObject({ link: { kind: 'idle' }, failure: { code: 'ACCOUNT_EXISTS', text: 'Taken' } });
  });

  test('is complete with the code from the e-mail; until then the user is a guest', async () => {
    const page = await new Conversation().signIn({ ...signUp, mail: 'ann@example.org' }).hear(...negotiation());
    expect(page.takeSent().slice(-1)).toEqual(['REGISTER * ann@example.org :a long secret']);
    await page.hear(':s REGISTER VERIFICATION_REQUIRED ann :Look into your mail');
    expect(page.takeSent()).toEqual(['CAP END']);
    await page.hear(':s 001 ann :Welcome');
    expect(page.state).toMatchObject({ account: '', login: { step: 'code', unverified: 'ann', wish: 'guest' } });
    page.takeSent();
    page.client.verify(' 1234 ');
    expect(page.takeSent()).toEqual(['VERIFY ann 1234']);
    await page.hear(':s FAIL VERIFY INVALID_CODE ann :Wrong');
    expect(page.state.login).toMatchObject({ step: 'code', failure: { code: 'INVALID_CODE' } });
    page.client.verify('5678');
    await page.hear(LOGGED_IN, ':s VERIFY SUCCESS ann :Verified');
    expect(page.state).toMatchObject({ account: 'ann', login: { step: 'idle', wish: 'log-in', unverified: '' } });
    expect(page.takeSent()).toEqual(['VERIFY ann 5678']);
  });
});

describe('an account that was not confirmed yet', () => {
  test('can be confirmed in the chat, by a guest', async () => {
    const page = await new Conversation().signIn(logIn).hear(...negotiation(), 'AUTHENTICATE +');
    page.takeSent();
    await page.hear(':s FAIL AUTHENTICATE VERIFICATION_REQUIRED ann :Not yet', ':s 904 ann :No');
    expect(page.takeSent()).toEqual(['CAP END']);
    expect(page.state.login).toMatchObject({ step: 'code', unverified: 'ann', wish: 'guest', failure: null });
  });
});

describe('the account of a user', () => {
  const inside = async (): Promise<Conversation> => {
    const page = await new Conversation().signIn(logIn).hear(...negotiation(), LOGGED_IN, ':s 903 ann :ok');
    await page.hear(':s 001 ann :Welcome');
    page.takeSent();
    return page;
  };

  test('gets another password, which the next login takes', async () => {
    const page = await inside();
    page.client.changeSecret('another one');
    const [line = ''] = page.takeSent();
    expect(line).toMatch(/^@label=(\S+) NS SET PASSWORD :another one$/);
    const [, label] = /label=(\S+)/.exec(line) ?? [];
    await page.hear(`@label=${label} :NickServ!n@s NOTICE ann :The password is changed.`);
    expect(page.state.login).toMatchObject({ answer: 'The password is changed.', failure: null });
    expect([...page.state.conversations.values()].flatMap(({ lines }) => lines)).toEqual([]);
    page.lose().reopen().takeSent();
    await page.hear(...negotiation(), 'AUTHENTICATE +');
    expect(page.takeSent().at(-1)).toBe(`AUTHENTICATE ${plainResponse('ann', 'another one')}`);
  });

  test('keeps its password if the server refuses the new one', async () => {
    const page = await inside();
    page.client.changeSecret('x');
    const [, label] = /label=(\S+)/.exec(page.takeSent()[0] ?? '') ?? [];
    await page.hear(`@label=${label} :s FAIL NICKSERV WEAK_PASSWORD :Too weak`);
    expect(page.state.login).toMatchObject({ answer: '', failure: { code: 'WEAK_PASSWORD', text: 'Too weak' } });
    page.lose().reopen().takeSent();
    await page.hear(...negotiation(), 'AUTHENTICATE +');
    expect(page.takeSent().at(-1)).toBe(`AUTHENTICATE ${PLAIN_ANN}`);
  });

  test('has devices, which are listed and can be logged out', async () => {
    const page = await inside();
    const listed = (number: number, rest: string): string =>
      `@batch=1 :NickServ!n@s NOTICE ann :Client ${number}${rest}, since 2026-11-26T07:00:00.000Z, as ann`;
    const answer = async (line: string, ...lines: readonly string[]): Promise<void> => {
      const [, label] = /^@label=(\S+) NS CLIENTS LIST$/.exec(line) ?? [];
      await page.hear(`@label=${label} :s BATCH +1 labeled-response`, ...lines, ':s BATCH -1');
    };
    const end = '@batch=1 :NickServ!n@s NOTICE ann :Clients: 2';
    page.client.listDevices();
    await answer(
      page.takeSent()[0] ?? '',
      listed(4, ' (this one): ::1, secure'),
      listed(7, ': 10.0.0.7, not secure'),
      end,
    );
    const both = { nick: 'ann', sinceMs: Date.UTC(2026, 10, 26, 7) };
    expect(page.state.devices.list).toEqual([
      { ...both, number: '4', isThis: true, address: '::1', isSecure: true },
      { ...both, number: '7', isThis: false, address: '10.0.0.7', isSecure: false },
    ]);
    page.client.logOutDevice('7');
    const [order = '', question = ''] = page.takeSent();
    expect(order).toMatch(/^@label=\S+ NS CLIENTS LOGOUT 7$/);
    await page.hear(`${order.split(' ', 1)[0]} :NickServ!n@s NOTICE ann :Client 7 is logged out`);
    await answer(question, listed(4, ' (this one): ::1, secure'), end);
    expect(page.state.devices.list.map(({ number }) => number)).toEqual(['4']);
    expect(page.state.login.answer).toBe('Client 7 is logged out');
    expect([...page.state.conversations.values()].flatMap(({ lines }) => lines)).toEqual([]);
  });

  test('has no devices to show if the server does not list them', async () => {
    const page = await inside();
    page.client.listDevices();
    const [, label] = /label=(\S+)/.exec(page.takeSent()[0] ?? '') ?? [];
    await page.hear(`@label=${label} :s 421 ann NS :Unknown command`);
    expect(page.state.devices.list).toEqual([]);
    expect([...page.state.conversations.values()].flatMap(({ lines }) => lines)).toEqual([]);
  });

  test('is left by a page that another device logs out: it does not return by itself', async () => {
    const page = await inside();
    await page.hear('ERROR :Closing Link: 127.0.0.1 (Logged out by another client)');
    expect(page.lose().state).toMatchObject({ link: { kind: 'idle' }, failure: { code: 'LOGGED_OUT' } });
  });

  test('can be erased, which leaves a guest', async () => {
    const page = await inside();
    page.client.eraseAccount('secret');
    const [line = ''] = page.takeSent();
    expect(line).toMatch(/^@label=\S+ NS DROP ann secret$/);
    const [, label] = /label=(\S+)/.exec(line) ?? [];
    await page.hear(
      `@label=${label} :s BATCH +1 labeled-response`,
      '@batch=1 :s 901 ann ann!u@h :You are now logged out',
      '@batch=1 :NickServ!n@s NOTICE ann :The account is erased.',
      ':s BATCH -1',
    );
    expect(page.state).toMatchObject({ account: '', login: { wish: 'guest', answer: 'The account is erased.' } });
    page.lose().reopen().takeSent();
    await page.hear(...negotiation());
    expect(page.takeSent().at(-1)).toBe('CAP END');
  });
});

describe('what a login carries', () => {
  test.each([0, 299, 300, 301])(
    'is cut into pieces of 400, and an answer of whole pieces has an end: %i',
    async (length) => {
      const sent: string[] = [];
      const answer = 'x'.repeat(length);
      const login = new SaslLogin({ mechanism: 'TEST', answer: async () => answer }, (line) => sent.push(line));
      await login.receive('+');
      const pieces = sent.slice(1).map((line) => line.replace('AUTHENTICATE ', ''));
      expect(pieces.slice(0, -1).every((piece) => piece.length === 400)).toBe(true);
      expect(pieces.at(-1)?.length).toBeLessThan(400);
      expect(Buffer.from(pieces.join('').replace('+', ''), 'base64').toString()).toBe(answer);
    },
  );

  test('may arrive in pieces, too', async () => {
    const challenges: string[] = [];
    const answer = async (challenge: string) => {
      challenges.push(challenge);
      return '';
    };
    const login = new SaslLogin({ mechanism: 'TEST', answer }, () => undefined);
    const text = Buffer.from('y'.repeat(400)).toString('base64');
    await login.receive(text.slice(0, 400));
    await login.receive(text.slice(400));
    expect(challenges).toEqual(['y'.repeat(400)]);
  });

  test('is given up if the server makes no sense', async () => {
    const sent: string[] = [];
    const login = new SaslLogin({ mechanism: 'TEST', answer: async () => '' }, (line) => sent.push(line));
    await login.receive('***');
    expect(sent.at(-1)).toBe('AUTHENTICATE *');
  });

  test('is the password itself only where the browser cannot prove it', () => {
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(exchangeFor('PLAIN,SCRAM-SHA-256', 'ann', 'secret').mechanism).toBe('SCRAM-SHA-256');
    expect(exchangeFor('PLAIN', 'ann', 'secret').mechanism).toBe('PLAIN');
    vi.stubGlobal('crypto', {});
    expect(exchangeFor('PLAIN,SCRAM-SHA-256', 'ann', 'secret').mechanism).toBe('PLAIN');
  });
});

describe('SCRAM-SHA-256', () => {
  // The example of RFC 7677, section 3.
  const NONCE = 'rOprNGfwEbeRWgbNEkqO';
  const FIRST = `r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;

  test('proves the password as the RFC has it, and wants the same of the server', async () => {
    const { answer } = scram('user', 'pencil', NONCE);
    expect(await answer('')).toBe(`n,,n=user,r=${NONCE}`);
    expect(await answer(FIRST)).toBe(
      `c=biws,r=${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    );
    expect(await answer('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')).toBe('');
  });

  test.each([
    ['another server proves nothing', FIRST, 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5='],
    ['no proof at all', FIRST, 'e=other-error'],
  ])('gives up if %s', async (_name, first, last) => {
    const { answer } = scram('user', 'pencil', NONCE);
    await answer('');
    await answer(first);
    expect(await answer(last)).toBeNull();
  });

  test.each([
    'r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`,
    `r=${NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999`,
    '',
  ])('gives up for a challenge that weakens it: %s', async (challenge) => {
    const { answer } = scram('user', 'pencil', NONCE);
    await answer('');
    expect(await answer(challenge)).toBeNull();
  });

  test('knows accounts with odd names, and passwords beyond ASCII', async () => {
    const { answer } = scram('a=b,c', '密码 ｐ', 'n');
    expect(await answer('')).toBe('n,,n=a=3Db=2Cc,r=n');
    const salt = Buffer.from('salt');
    const first = `r=nx,s=${salt.toString('base64')},i=4096`;
    const message = `n=a=3Db=2Cc,r=n,${first},c=biws,r=nx`;
    const salted = pbkdf2Sync('密码 p', salt, 4096, 32, 'sha256');
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    const storedKey = createHash('sha256').update(clientKey).digest();
    const signature = createHmac('sha256', storedKey).update(message).digest();
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
    expect(await answer(first)).toBe(`c=biws,r=nx,p=${proof.toString('base64')}`);
  });
});
