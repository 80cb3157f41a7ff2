/** Whether an account still is what a change was derived from. */
import type { AccountRecord, ChangeBasis } from './account-book.js';

/** @param account - as it is now; the order in which its settings and credentials are listed does not count */
export function isStill(account: Pick<AccountRecord, 'settings' | 'credentials'>, basis: ChangeBasis): boolean {
  const { settings = account.settings, credentials = account.credentials } = basis;
  return (
    areSame(Object.entries(settings), Object.entries(account.settings)) &&
    areSame(
      credentials.map(({ kind, data }) => [kind, data]),
      account.credentials.map(({ kind, data }) => [kind, data]),
    )
  );
}

/** Whether two lists have the same pairs, none of them twice. */
function areSame(pairs: readonly (readonly string[])[], others: readonly (readonly string[])[]): boolean {
  const known = new Set(others.map((pair) => JSON.stringify(pair)));
  return pairs.length === others.length && pairs.every((pair) => known.has(JSON.stringify(pair)));
}
