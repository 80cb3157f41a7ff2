/** Who did something, as it was known at that time. */

/** By what a member was known. */
export interface Author {
  readonly nick: string;
  readonly user: string;
  readonly host: string;
}

/** Keeps what a member is known by: it may go by another name later. */
export function authorOf({ nick, user, host }: Author): Author {
  return { nick, user, host };
}
