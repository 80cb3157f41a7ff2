/** Where accounts are kept: in memory, or in a store. */

/**
 * - `scrypt`: the hash of a password, as `hashPassword` makes it.
 * - `scram-sha-256`: the keys of a password, as `formatScramKeys` makes them.
 * - `certfp`: the SHA-256 fingerprint of a certificate, as lower-case hexadecimal digits. It belongs to one account
 * only.
 */
export type CredentialKind = 'scrypt' | 'scram-sha-256' | 'certfp';

/** Something by which somebody shows that an account is its own. */
export interface Credential {
  readonly kind: CredentialKind;
  readonly data: string;
}

/** The code by which an account is confirmed. */
export interface Confirmation {
  /** The SHA-256 hash of the code, as lower-case hexadecimal digits. */
  readonly codeHash: string;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

/** An account as it is kept. */
export interface AccountRecord {
  /** As its owner has spelled it. */
  readonly name: string;
  /** Names are compared in this form. */
  readonly folded: string;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  readonly email: string | null;
  /** What it waits for before anybody can use it; null once that has arrived, or if it waits for nothing. */
  readonly confirmation: Confirmation | null;
  /** Since when nobody can use it, in milliseconds since the epoch; null if everybody with its credentials can. */
  readonly suspendedMs: number | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly credentials: readonly Credential[];
}

/** What is changed of an account; what is not given stays. */
export type AccountChanges = Partial<
  Pick<AccountRecord, 'email' | 'confirmation' | 'suspendedMs' | 'settings' | 'credentials'>
>;

/** How an account has been added: it is there, its name or a certificate is another one's, or there are too many. */
export type Addition = 'added' | 'name-taken' | 'certificate-taken' | 'full';

/** Keeps accounts. Each method rejects if the book cannot be read or written at the moment. */
export interface AccountBook {
  /** Finds an account by its folded name. */
  find(folded: string): Promise<AccountRecord | null>;
  /** Finds the account of a certificate. */
  findByCertificate(fingerprint: string): Promise<AccountRecord | null>;
  /**
   * Adds an account. Of two with the same name, the one that is asked for first is added. Those that were not
   * confirmed in time, by the time at which it was made, are removed before.
   */
  add(account: AccountRecord, maxAccounts: number): Promise<Addition>;
  /** Changes an account. */
  change(folded: string, changes: AccountChanges): Promise<'changed' | 'none' | 'certificate-taken'>;
  /**
   * Returns the names of all accounts that wait for nothing, in the order in which they were made; not of those whose
   * nick anybody may use (the setting `enforce` is `none`).
   */
  names(): Promise<readonly string[]>;
  /** Removes an account and everything that belongs to it. @returns whether there was one */
  erase(folded: string): Promise<boolean>;
}
