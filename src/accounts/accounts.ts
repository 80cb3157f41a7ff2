/** The accounts of one server: who may use which, how they prove it, and how accounts are made and changed. */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import type {
  AccountBook,
  AccountChanges,
  AccountRecord,
  Change,
  ChangeBasis,
  Confirmation,
  Credential,
} from './account-book.js';
import type {
  AccountAnswers,
  AccountChange,
  AccountSettings,
  Asker,
  ChangeOutcome,
  EraseOutcome,
  FindOutcome,
  LogInOutcome,
  Mechanism,
  NamesOutcome,
  RegisterAsk,
  RegisterOutcome,
  RegistrationRefusal,
  SaslExchange,
  VerifyOutcome,
} from './account-service.js';
import { Breather } from './breather.js';
import { sendCode } from './code-command.js';
import { certificatesOf } from './memory-accounts.js';
import { hashPassword, isHash, isOutdated, verifyInVain, verifyPassword } from './password.js';
import { PasswordGuard } from './password-guard.js';
import { prepareText } from './prepared-text.js';
import { isEmail, isFingerprint, passwordFault } from './rules.js';
import { beginExchange, type ProofOutcome } from './sasl-exchanges.js';
import { deriveScramKeys, formatScramKeys, keysInVain, parseScramKeys, type ScramKeys } from './scram.js';
import { Turnstile } from './turnstile.js';
import { Visitors } from './visitors.js';

/** The most passwords that are hashed at once: each takes a thread and 32 MiB for a tenth of a second. */
const MAX_HASHES = 2;
const MAX_WAITING = 64;
const MAX_CERTIFICATES = 16;
const MAX_SETTINGS = 32;
const MAX_SETTING_BYTES = 300;
/** How often a change begins again because other processes have changed the same account in the meantime. */
const MAX_REVISIONS = 20;
/** Letters that are easy to read and to type; there are 32 of them, so ten make 50 bits. */
const CODE_LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const CODE_LENGTH = 10;

/** The parts of {@link Accounts}. */
export interface AccountsOptions {
  readonly book: AccountBook;
  readonly settings: AccountSettings;
  /** Folds a name to the form in which names are compared. */
  readonly fold: (name: string) => string;
  /** Logs events that an operator of the server should know of. */
  readonly log?: (event: string, details: Readonly<Record<string, unknown>>) => void;
  /** Milliseconds since the epoch. @defaultValue `Date.now` */
  readonly now?: () => number;
  /** @defaultValue a guard with timers of its own */
  readonly guard?: PasswordGuard;
}

/** Answers the questions of protocols about accounts. */
export class Accounts implements AccountAnswers {
  #settings: AccountSettings;
  readonly #book: AccountBook;
  readonly #log: (event: string, details: Readonly<Record<string, unknown>>) => void;
  readonly #fold: (name: string) => string;
  readonly #now: () => number;
  readonly #guard: PasswordGuard;
  readonly #visitors = new Visitors();
  readonly #breather = new Breather();
  readonly #hashing = new Turnstile({ maxRunning: MAX_HASHES, maxWaiting: MAX_WAITING });
  /** Changes of one account, one after the other, since each reads what it changes. Other processes have theirs. */
  readonly #changes = new Map<string, Promise<unknown>>();
  #erasures = 0;

  constructor(options: AccountsOptions) {
    const { book, settings, fold, log = () => undefined } = options;
    const { now = Date.now, guard = new PasswordGuard() } = options;
    this.#settings = settings;
    this.#book = book;
    this.#fold = fold;
    this.#log = log;
    this.#now = now;
    this.#guard = guard;
  }

  /** Applies changed settings. */
  configure(settings: AccountSettings): void {
    this.#settings = settings;
  }

  /** The number of wrong passwords, proofs and codes since the start. */
  get failureCount(): number {
    return this.#guard.failureCount;
  }

  // Logging in

  async logIn({ name, password, ...asker }: Parameters<AccountAnswers['logIn']>[0]): Promise<LogInOutcome> {
    return this.#ifAvailable<LogInOutcome>({ kind: 'unavailable' }, async () => {
      const folded = this.#fold(name);
      const names = await this.#turn(folded, asker);
      const account = await this.#book.find(folded);
      const prepared = prepareText(password);
      const isRight = await this.#hashing.pass(asker.source, () =>
        this.#breather.during(() => this.#hasPassword(account, prepared)),
      );
      if (isRight === null) return { kind: 'busy' };
      if (isRight && account !== null) return this.#admit(account, asker.source);
      this.#guard.failed(names);
      return { kind: 'wrong' };
    });
  }

  exchange(mechanism: Mechanism, { certificate, ...asker }: Parameters<AccountAnswers['exchange']>[1]): SaslExchange {
    const exchange = beginExchange(mechanism, {
      byPassword: (name, password) => this.logIn({ name, password, ...asker }),
      byCertificate: (authorization) => this.#byCertificate(certificate, authorization, asker),
      scramKeys: (name) => this.#scramKeys(name),
      byProof: (name, keys, finish) => this.#byProof(name, keys, finish, asker),
      isSame: (one, other) => this.#fold(one) === this.#fold(other),
    });
    return {
      step: (response) => this.#ifAvailable({ kind: 'unavailable' }, () => exchange.step(response)),
    };
  }

  async #byCertificate(certificate: string | null, authorization: string, asker: Asker): Promise<LogInOutcome> {
    const account = certificate === null ? null : await this.#book.findByCertificate(certificate);
    const isMeant = authorization === '' || this.#fold(authorization) === account?.folded;
    // A certificate cannot be guessed, so the next attempt need not wait after this failure.
    return account === null || !isMeant ? { kind: 'wrong' } : this.#admit(account, asker.source);
  }

  async #scramKeys(name: string): Promise<ScramKeys> {
    const folded = this.#fold(name);
    const account = await this.#book.find(folded);
    const stored = account?.credentials.find(({ kind }) => kind === 'scram-sha-256');
    return parseScramKeys(stored?.data ?? '') ?? keysInVain(folded);
  }

  async #byProof(name: string, keys: ScramKeys, finish: () => string | null, asker: Asker): Promise<ProofOutcome> {
    const folded = this.#fold(name);
    const names = await this.#turn(folded, asker);
    const text = finish();
    const account = await this.#book.find(folded);
    const isCurrent = account?.credentials.some(({ data }) => data === formatScramKeys(keys)) === true;
    if (text === null || account === null || !isCurrent) {
      this.#guard.failed(names);
      return { outcome: { kind: 'wrong' }, text: null };
    }
    return { outcome: await this.#admit(account, asker.source), text };
  }

  /** Waits until another attempt is allowed. @returns the names under which its failure counts */
  async #turn(folded: string, { source, maxDelayMs }: Asker): Promise<string[]> {
    const names = [`address ${source}`];
    // Somebody who has used the account from here before need not wait because others guess at it.
    if (!this.#visitors.has(folded, source)) names.push(`account ${folded}`);
    await this.#guard.turn(names, maxDelayMs);
    return names;
  }

  /** Compares a password with that of an account. A hash that costs too little by now is replaced by a new one. */
  async #hasPassword(account: AccountRecord | null, password: string): Promise<boolean> {
    const stored = account?.credentials.find(({ kind }) => kind === 'scrypt');
    // What is no hash would be compared as it is: who has read the store could log in with it.
    if (account === null || stored === undefined || !isHash(stored.data)) return verifyInVain(password);
    if (!(await verifyPassword(password, stored.data))) return false;
    const lacksKeys = !account.credentials.some(({ kind }) => kind === 'scram-sha-256');
    if (isOutdated(stored.data) || (lacksKeys && this.#hasScram)) await this.#renew(account, stored, password);
    return true;
  }

  get #hasScram(): boolean {
    return this.#settings.mechanisms.includes('SCRAM-SHA-256');
  }

  async #renew({ folded }: AccountRecord, checked: Credential, password: string): Promise<void> {
    const made = await this.#credentialsOf(password);
    await this.#revise(folded, ({ credentials }) => {
      if (!credentials.some(({ data }) => data === checked.data)) return { kind: 'none' };
      return { credentials: [...withoutPassword(credentials), ...made] };
    }).catch((error: unknown) => {
      this.#log('password not stored anew', { account: folded, error });
    });
  }

  async #credentialsOf(password: string): Promise<Credential[]> {
    const made: Credential[] = [{ kind: 'scrypt', data: await hashPassword(password) }];
    if (!this.#hasScram) return made;
    return [...made, { kind: 'scram-sha-256', data: formatScramKeys(await deriveScramKeys(password)) }];
  }

  /** Lets somebody in who has proved that an account is its own, if the account still exists. */
  async #admit({ folded, createdMs }: AccountRecord, source: string): Promise<LogInOutcome> {
    let account: AccountRecord | null;
    let erasures: number;
    do {
      // An account that was erased in the meantime must not be used once its users have been told.
      erasures = this.#erasures;
      account = await this.#book.find(folded);
    } while (erasures !== this.#erasures);
    if (account?.createdMs !== createdMs) return { kind: 'wrong' };
    const { name } = account;
    if (account.confirmation !== null) return { kind: 'unconfirmed', account: name };
    if (account.suspendedMs !== null) return { kind: 'suspended', account: name };
    this.#visitors.add(folded, source);
    return { kind: 'logged-in', account: name };
  }

  // Making accounts

  register(ask: RegisterAsk): Promise<RegisterOutcome> {
    const wanted = ask.name === '*' || ask.name === '' ? ask.nick : ask.name;
    const name = wanted ?? ask.refusedNick ?? '*';
    return this.#ifAvailable<RegisterOutcome>(refusal('TEMPORARILY_UNAVAILABLE', name), async () => {
      const fault = (wanted === null ? nicklessFault(ask) : this.#fault(ask, wanted)) ?? (await this.#takenFault(name));
      if (fault !== null) return refusal(fault, name);
      if (!this.#visitors.mayRegister(ask.source, ask.accountsPerHour, this.#now())) {
        return refusal('TEMPORARILY_UNAVAILABLE', name);
      }
      const credentials = await this.#hashing.pass(ask.source, () => this.#credentialsOf(prepareText(ask.password)));
      return credentials === null ? refusal('TEMPORARILY_UNAVAILABLE', name) : this.#add(name, ask.email, credentials);
    });
  }

  /** Returns the fault of a registration, as far as it can be seen without the other accounts. */
  #fault({ nick, email, password, mayBeNamed }: RegisterAsk, name: string): RegistrationRefusal | null {
    const { customNames, requireEmail } = this.#settings;
    if (nick === null && !customNames) return 'NEED_NICK';
    if (!customNames && this.#fold(name) !== this.#fold(nick ?? '')) return 'ACCOUNT_NAME_MUST_BE_NICK';
    const verdict = mayBeNamed(name);
    if (verdict !== 'yes') return verdict === 'taken' ? 'ACCOUNT_EXISTS' : 'BAD_ACCOUNT_NAME';
    if (email === '*' ? requireEmail : !isEmail(email)) return 'INVALID_EMAIL';
    return passwordFault(password, name, this.#settings);
  }

  /** Whether the name belongs to another account. An account that nobody has confirmed in time makes way. */
  async #takenFault(name: string): Promise<'ACCOUNT_EXISTS' | null> {
    const folded = this.#fold(name);
    const account = await this.#book.find(folded);
    if (account === null) return null;
    const { confirmation } = account;
    if (confirmation === null || confirmation.expiresMs > this.#now()) return 'ACCOUNT_EXISTS';
    return (await this.#withdraw(folded, confirmation)) ? null : 'ACCOUNT_EXISTS';
  }

  /** Removes an account that still waits for this confirmation. @returns false if there is a different one by now */
  #withdraw(folded: string, { codeHash }: Confirmation): Promise<boolean> {
    return this.#inOrder(folded, async () => {
      const account = await this.#book.find(folded);
      if (account !== null && account.confirmation?.codeHash !== codeHash) return false;
      await this.#book.erase(folded);
      return true;
    });
  }

  async #add(name: string, email: string, credentials: readonly Credential[]): Promise<RegisterOutcome> {
    const { emailCommand, codeLifetimeMs, maxAccounts } = this.#settings;
    const nowMs = this.#now();
    const code = email === '*' || emailCommand === null ? null : newCode();
    const confirmation = code === null ? null : { codeHash: hashCode(code), expiresMs: nowMs + codeLifetimeMs };
    const folded = this.#fold(name);
    const account: AccountRecord = {
      ...{ name, folded, createdMs: nowMs, confirmation, credentials },
      ...{ email: email === '*' ? null : email, suspendedMs: null, settings: {} },
    };
    const added = await this.#book.add(account, maxAccounts);
    if (added === 'name-taken') return refusal('ACCOUNT_EXISTS', name);
    if (added !== 'added') {
      this.#log('account not made', { account: name, reason: added });
      return refusal('TEMPORARILY_UNAVAILABLE', name);
    }
    if (code === null || confirmation === null || emailCommand === null) return { kind: 'registered', account: name };
    const sent = await sendCode(emailCommand, { email, account: name, code });
    if (sent === 'sent') return { kind: 'confirmation-required', account: name, email };
    // The letter may have arrived all the same, and its code may have been used.
    await this.#withdraw(folded, confirmation);
    if (sent === 'failed') this.#log('code not sent', { account: name, command: emailCommand[0] });
    return refusal(sent === 'failed' ? 'TEMPORARILY_UNAVAILABLE' : 'INVALID_EMAIL', name);
  }

  verify({ name, code, ...asker }: Parameters<AccountAnswers['verify']>[0]): Promise<VerifyOutcome> {
    const unavailable: VerifyOutcome = { kind: 'refused', why: 'TEMPORARILY_UNAVAILABLE', account: name };
    return this.#ifAvailable<VerifyOutcome>(unavailable, async () => {
      const folded = this.#fold(name);
      const names = await this.#turn(folded, asker);
      const confirmed = await this.#inOrder(folded, () => this.#confirm(folded, code));
      if (confirmed !== null) {
        this.#visitors.add(folded, asker.source);
        return { kind: 'registered', account: confirmed };
      }
      this.#guard.failed(names);
      return { kind: 'refused', why: 'INVALID_CODE', account: name };
    });
  }

  /** Confirms an account if the code is the right one. @returns its name; null if it is not */
  async #confirm(folded: string, code: string): Promise<string | null> {
    const account = await this.#book.find(folded);
    const confirmation = account?.confirmation ?? null;
    if (account === null || confirmation === null || !this.#isCodeOf(confirmation, code)) return null;
    return (await this.#book.change(folded, { confirmation: null })) === 'changed' ? account.name : null;
  }

  #isCodeOf({ codeHash, expiresMs }: Confirmation, code: string): boolean {
    const isRight = timingSafeEqual(Buffer.from(codeHash), Buffer.from(hashCode(code.trim().toUpperCase())));
    return isRight && expiresMs > this.#now();
  }

  // Looking at accounts, and changing them

  find(name: string): Promise<FindOutcome> {
    return this.#ifAvailable<FindOutcome>({ kind: 'unavailable' }, async () => {
      const account = await this.#book.find(this.#fold(name));
      if (account === null) return { kind: 'none' };
      const { createdMs, email, confirmation, suspendedMs, settings, credentials } = account;
      const isConfirmed = confirmation === null;
      const certificates = certificatesOf(credentials);
      const facts = { name: account.name, createdMs, email, isConfirmed, suspendedMs, settings, certificates };
      return { kind: 'account', facts };
    });
  }

  change(name: string, change: AccountChange): Promise<ChangeOutcome> {
    const folded = this.#fold(name);
    return this.#ifAvailable<ChangeOutcome>({ kind: 'unavailable' }, async () => {
      if (change.kind === 'password') return this.#setPassword(folded, change.password);
      return this.#revise(folded, (account) => this.#changesOf(account, change));
    });
  }

  async #setPassword(folded: string, password: string): Promise<ChangeOutcome> {
    const why = passwordFault(password, folded, this.#settings);
    if (why !== null) return { kind: 'refused', why };
    const made = await this.#hashing.pass(`account ${folded}`, () => this.#credentialsOf(prepareText(password)));
    if (made === null) return { kind: 'busy' };
    return this.#revise(folded, ({ credentials }) => ({ credentials: [...withoutPassword(credentials), ...made] }));
  }

  /** Makes a change that is derived from the account: once more, if another process has changed it in the meantime. */
  #revise(folded: string, derive: (account: AccountRecord) => AccountChanges | ChangeOutcome): Promise<ChangeOutcome> {
    return this.#inOrder(folded, async () => {
      for (let times = 0; times < MAX_REVISIONS; times += 1) {
        const account = await this.#book.find(folded);
        if (account === null) return { kind: 'none' };
        const changes = derive(account);
        if ('kind' in changes) return changes;
        const result = await this.#book.change(folded, changes, basisOf(account, changes));
        if (result !== 'stale') return done(result);
      }
      throw new Error('the account was changed by others all the time');
    });
  }

  /** Returns the changes to an account; an outcome if there are none. */
  #changesOf(
    { credentials, settings }: AccountRecord,
    change: Exclude<AccountChange, { kind: 'password' }>,
  ): AccountChanges | ChangeOutcome {
    switch (change.kind) {
      case 'email':
        if (change.email !== null && !isEmail(change.email)) return { kind: 'refused', why: 'INVALID_EMAIL' };
        return { email: change.email };
      case 'suspended':
        return { suspendedMs: change.on ? this.#now() : null };
      case 'setting': {
        const others = Object.entries(settings).filter(([key]) => key !== change.key);
        const changed = Object.fromEntries(change.value === null ? others : [...others, [change.key, change.value]]);
        const isTooMuch = Buffer.byteLength(change.key + (change.value ?? '')) > MAX_SETTING_BYTES;
        if (isTooMuch || Object.keys(changed).length > MAX_SETTINGS) return { kind: 'refused', why: 'TOO_MANY' };
        return { settings: changed };
      }
      case 'add-certificate': {
        const { fingerprint: data } = change;
        if (!isFingerprint(data)) return { kind: 'refused', why: 'INVALID_CERTIFICATE' };
        const others = credentials.filter((one) => one.kind !== 'certfp' || one.data !== data);
        if (certificatesOf(others).length >= MAX_CERTIFICATES) return { kind: 'refused', why: 'TOO_MANY' };
        return { credentials: [...others, { kind: 'certfp', data }] };
      }
      case 'drop-certificate': {
        const others = credentials.filter((one) => one.kind !== 'certfp' || one.data !== change.fingerprint);
        if (others.length === credentials.length) return { kind: 'none' };
        return { credentials: others };
      }
    }
  }

  erase(name: string): Promise<EraseOutcome> {
    const folded = this.#fold(name);
    return this.#ifAvailable<EraseOutcome>({ kind: 'unavailable' }, () =>
      this.#inOrder(folded, async () => {
        const account = await this.#book.find(folded);
        if (account === null || !(await this.#book.erase(folded))) return { kind: 'none' };
        this.#erasures += 1;
        return { kind: 'erased', account: account.name };
      }),
    );
  }

  names(): Promise<NamesOutcome> {
    return this.#ifAvailable<NamesOutcome>({ kind: 'unavailable' }, async () => ({
      kind: 'names',
      names: await this.#book.names(),
    }));
  }

  /** Runs the changes of one account one after the other. */
  async #inOrder<T>(folded: string, change: () => Promise<T>): Promise<T> {
    const before = this.#changes.get(folded) ?? Promise.resolve();
    const result = before.then(change);
    const end = result.catch(() => undefined);
    this.#changes.set(folded, end);
    try {
      return await result;
    } finally {
      if (this.#changes.get(folded) === end) this.#changes.delete(folded);
    }
  }

  /** Returns `otherwise` if the book is unavailable at the moment. */
  async #ifAvailable<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      this.#log('accounts unavailable', { error });
      return otherwise;
    }
  }
}

function refusal(why: RegistrationRefusal, account: string): RegisterOutcome {
  return { kind: 'refused', why, account };
}

/** Returns why somebody without a nick cannot make an account that has its name. */
function nicklessFault({ refusedNick }: RegisterAsk): RegistrationRefusal {
  return refusedNick === null ? 'NEED_NICK' : 'ACCOUNT_EXISTS';
}

/** What some changes were derived from. */
function basisOf({ settings, credentials }: AccountRecord, changes: AccountChanges): ChangeBasis {
  return { ...(changes.settings && { settings }), ...(changes.credentials && { credentials }) };
}

function done(result: Exclude<Change, 'stale'>): ChangeOutcome {
  return result === 'certificate-taken' ? { kind: 'refused', why: 'CERTIFICATE_TAKEN' } : { kind: result };
}

function withoutPassword(credentials: readonly Credential[]): Credential[] {
  return credentials.filter(({ kind }) => kind === 'certfp');
}

function newCode(): string {
  return Array.from({ length: CODE_LENGTH }, () => CODE_LETTERS[randomInt(CODE_LETTERS.length)]).join('');
}

function hashCode(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
