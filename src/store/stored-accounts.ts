/** The accounts of a store. */
import type {
  AccountBook,
  AccountChanges,
  AccountRecord,
  Addition,
  Change,
  ChangeBasis,
} from '../accounts/account-book.js';
import { ACCOUNT_RESULTS } from './account-writes.js';
import type { StoreAccess } from './store-access.js';
import type { Write } from './tasks.js';
import { written } from './written.js';

/** How many lines are erased in one write: about ten milliseconds. */
const LINES_AT_ONCE = 100;

/** Keeps accounts in a store: an answered write is as durable as the store promises. */
export class StoredAccounts implements AccountBook {
  readonly #store: StoreAccess;

  constructor(store: StoreAccess) {
    this.#store = store;
  }

  find(folded: string): Promise<AccountRecord | null> {
    return this.#store.read('account', { folded });
  }

  findByCertificate(certificate: string): Promise<AccountRecord | null> {
    return this.#store.read('account', { certificate });
  }

  async add(account: AccountRecord, maxAccounts: number): Promise<Addition> {
    switch (await this.#write({ kind: 'account-add', account, maxAccounts })) {
      case ACCOUNT_RESULTS.done:
        return 'added';
      case ACCOUNT_RESULTS.nameTaken:
        return 'name-taken';
      case ACCOUNT_RESULTS.certificateTaken:
        return 'certificate-taken';
      default:
        return 'full';
    }
  }

  async change(folded: string, changes: AccountChanges, basis: ChangeBasis = {}): Promise<Change> {
    switch (await this.#write({ kind: 'account-change', folded, changes, basis })) {
      case ACCOUNT_RESULTS.done:
        return 'changed';
      case ACCOUNT_RESULTS.certificateTaken:
        return 'certificate-taken';
      case ACCOUNT_RESULTS.stale:
        return 'stale';
      default:
        return 'none';
    }
  }

  names(): Promise<readonly string[]> {
    return this.#store.read('account-names', null);
  }

  /**
   * Erases the lines of the account before the account itself, in small writes between those of others. If that fails
   * in between, it is still there to be erased again.
   */
  async erase(folded: string): Promise<boolean> {
    const shelf = `a:${folded}` as const;
    while ((await this.#write({ kind: 'lines-drop', shelf, beforeMs: Number.MAX_SAFE_INTEGER })) > 0);
    const saidUpTo = await this.#eraseSaid(folded);
    return (await this.#write({ kind: 'account-erase', folded, saidUpTo })) === ACCOUNT_RESULTS.done;
  }

  /** @returns the last line that it has looked at */
  async #eraseSaid(folded: string): Promise<number> {
    let after = 0;
    for (;;) {
      const { ids, upTo } = await this.#store.read('said', { folded, after });
      for (let at = 0; at < ids.length; at += LINES_AT_ONCE) {
        await this.#write({ kind: 'lines-erase', folded, ids: ids.slice(at, at + LINES_AT_ONCE) });
      }
      if (upTo === null) return after;
      after = upTo;
    }
  }

  #write(write: Write): Promise<number> {
    return written(this.#store, write);
  }
}
