/** The one who did something, as it was known at that time. */

/** The names under which a member was known. */
export interface Author {
  readonly nick: string;
  readonly user: string;
  readonly host: string;
}

/** Keeps the current names of a member: it may have another name later. */
export function authorOf({ nick, user, host }: Author): Author {
  return { nick, user, host };
}
