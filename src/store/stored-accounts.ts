/** The accounts of a store. */
import type { AccountBook, AccountChanges, AccountRecord, Addition } from '../accounts/account-book.js';
import { ACCOUNT_RESULTS } from './account-writes.js';
import type { Store } from './store.js';
import { StoreError } from './store-error.js';
import type { Write } from './tasks.js';

/** Keeps accounts in a store: what has been answered is as durable as the store promises. */
export class StoredAccounts implements AccountBook {
  readonly #store: Store;

  constructor(store: Store) {
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

  async change(folded: string, changes: AccountChanges): Promise<'changed' | 'none' | 'certificate-taken'> {
    const result = await this.#write({ kind: 'account-change', folded, changes });
    if (result === ACCOUNT_RESULTS.certificateTaken) return 'certificate-taken';
    return result === ACCOUNT_RESULTS.done ? 'changed' : 'none';
  }

  names(): Promise<readonly string[]> {
    return this.#store.read('account-names', null);
  }

  async erase(folded: string): Promise<boolean> {
    return (await this.#write({ kind: 'account-erase', folded })) === ACCOUNT_RESULTS.done;
  }

  #write(write: Write): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#store.write(write, {
        written: resolve,
        failed: ({ code, message }) => {
          reject(new StoreError(code, message));
        },
      });
    });
  }
}
