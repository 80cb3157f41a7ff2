/** Accounts in memory: they are gone when the process ends. */
import type {
  AccountBook,
  AccountChanges,
  AccountRecord,
  Addition,
  Change,
  ChangeBasis,
  Credential,
} from './account-book.js';
import { isStill } from './change-basis.js';

/** The accounts of a server that stores nothing. */
export class MemoryAccounts implements AccountBook {
  readonly #byName = new Map<string, AccountRecord>();
  readonly #byCertificate = new Map<string, string>();

  /** @param accounts - the accounts that exist already, such as another process's */
  constructor(accounts: readonly AccountRecord[] = []) {
    for (const account of accounts) this.#put(account);
  }

  /** All accounts, in the order in which they were made. */
  get all(): AccountRecord[] {
    return [...this.#byName.values()];
  }

  find(folded: string): Promise<AccountRecord | null> {
    return Promise.resolve(this.#byName.get(folded) ?? null);
  }

  findByCertificate(fingerprint: string): Promise<AccountRecord | null> {
    const folded = this.#byCertificate.get(fingerprint);
    return this.find(folded ?? '');
  }

  add(account: AccountRecord, maxAccounts: number): Promise<Addition> {
    return Promise.resolve(this.#add(account, maxAccounts));
  }

  #add(account: AccountRecord, maxAccounts: number): Addition {
    const { folded, credentials, createdMs } = account;
    this.#dropExpired(createdMs);
    if (this.#byName.has(folded)) return 'name-taken';
    if (!this.#areFree(credentials, folded)) return 'certificate-taken';
    if (this.#byName.size >= maxAccounts) return 'full';
    this.#put(account);
    return 'added';
  }

  #dropExpired(nowMs: number): void {
    for (const { folded, confirmation } of this.#byName.values()) {
      if (confirmation !== null && confirmation.expiresMs <= nowMs) void this.erase(folded);
    }
  }

  change(folded: string, changes: AccountChanges, basis: ChangeBasis = {}): Promise<Change> {
    return Promise.resolve(this.#change(folded, changes, basis));
  }

  #change(folded: string, changes: AccountChanges, basis: ChangeBasis): Change {
    const account = this.#byName.get(folded);
    if (account === undefined) return 'none';
    if (!isStill(account, basis)) return 'stale';
    const { credentials = account.credentials } = changes;
    if (!this.#areFree(credentials, folded)) return 'certificate-taken';
    this.#removeCertificates(account);
    this.#put({ ...account, ...changes });
    return 'changed';
  }

  names(): Promise<readonly string[]> {
    const ready = [...this.#byName.values()].filter(
      ({ confirmation, settings }) => confirmation === null && settings['enforce'] !== 'none',
    );
    return Promise.resolve(ready.map(({ name }) => name));
  }

  erase(folded: string): Promise<boolean> {
    const account = this.#byName.get(folded);
    if (account !== undefined) this.#removeCertificates(account);
    return Promise.resolve(this.#byName.delete(folded));
  }

  #put(account: AccountRecord): void {
    this.#byName.set(account.folded, account);
    for (const fingerprint of certificatesOf(account.credentials)) this.#byCertificate.set(fingerprint, account.folded);
  }

  #removeCertificates({ credentials }: AccountRecord): void {
    for (const fingerprint of certificatesOf(credentials)) this.#byCertificate.delete(fingerprint);
  }

  #areFree(credentials: readonly Credential[], folded: string): boolean {
    return certificatesOf(credentials).every((one) => (this.#byCertificate.get(one) ?? folded) === folded);
  }
}

/** The fingerprints among some credentials. */
export function certificatesOf(credentials: readonly Credential[]): string[] {
  return credentials.filter(({ kind }) => kind === 'certfp').map(({ data }) => data);
}
