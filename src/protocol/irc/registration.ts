/** What a client has said of itself before it is registered. */
export class Registration {
  nick: string | null = null;
  user: string | null = null;
  realName = '';
  password: string | null = null;
  /** Registration waits for CAP END. */
  isNegotiating = false;
  /** What it has cost so far. */
  lines = 0;
  bytes = 0;

  get isComplete(): boolean {
    return this.nick !== null && this.user !== null && !this.isNegotiating;
  }
}
