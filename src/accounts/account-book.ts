/** The store of accounts: in memory, or in a database. */

/**
 * - `scrypt`: the hash of a password, as `hashPassword` makes it.
 * - `scram-sha-256`: the keys of a password, as `formatScramKeys` makes them.
 * - `certfp`: the SHA-256 fingerprint of a certificate, as lower-case hexadecimal digits. It belongs to one account
 * only.
 */
export type CredentialKind = 'scrypt' | 'scram-sha-256' | 'certfp';

/** A credential, by which somebody proves that an account is its own. */
export interface Credential {
  readonly kind: CredentialKind;
  readonly data: string;
}

/** The code that confirms an account. */
export interface Confirmation {
  /** The SHA-256 hash of the code, as lower-case hexadecimal digits. */
  readonly codeHash: string;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

/** An account as it is kept. */
export interface AccountRecord {
  /** The name as its owner spelled it. */
  readonly name: string;
  /** The form in which names are compared. */
  readonly folded: string;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  readonly email: string | null;
  /**
   * The confirmation that the account waits for before anybody can use it; null once it has been confirmed, or if it
   * needs none.
   */
  readonly confirmation: Confirmation | null;
  /** Since when nobody can use it, in milliseconds since the epoch; null if everybody who has its credentials can. */
  readonly suspendedMs: number | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly credentials: readonly Credential[];
}

/** The changes of an account; properties that are left out stay the same. */
export type AccountChanges = Partial<
  Pick<AccountRecord, 'email' | 'confirmation' | 'suspendedMs' | 'settings' | 'credentials'>
>;

/** What a change was derived from. If one that came first has changed these properties, it is not made. */
export type ChangeBasis = Partial<Pick<AccountRecord, 'settings' | 'credentials'>>;

/** The result of a change: made, no such account, a certificate of another one, or derived from what is no more. */
export type Change = 'changed' | 'none' | 'certificate-taken' | 'stale';

/** The result of adding an account: added, its name or a certificate belongs to another one, or there are too many. */
export type Addition = 'added' | 'name-taken' | 'certificate-taken' | 'full';

/** Keeps accounts. Each method rejects if the book cannot be read or written at the moment. */
export interface AccountBook {
  /** Finds an account by its folded name. */
  find(folded: string): Promise<AccountRecord | null>;
  /** Finds the account of a certificate. */
  findByCertificate(fingerprint: string): Promise<AccountRecord | null>;
  /**
   * Adds an account. Of two with the same name, the one that is requested first is added. Accounts whose confirmation
   * has expired, by the time at which this one was made, are removed first.
   */
  add(account: AccountRecord, maxAccounts: number): Promise<Addition>;
  /**
   * Changes an account. Other processes may change it at the same time: settings and credentials are written whole, so
   * those that were derived from older ones need a basis.
   */
  change(folded: string, changes: AccountChanges, basis?: ChangeBasis): Promise<Change>;
  /**
   * Returns the names of all accounts that wait for nothing, in the order in which they were made. Accounts whose nick
   * anybody may use (the setting `enforce` is `none`) are left out.
   */
  names(): Promise<readonly string[]>;
  /** Removes an account and everything that belongs to it. @returns whether there was one */
  erase(folded: string): Promise<boolean>;
}
