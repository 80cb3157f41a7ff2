/** The data of a client that is registering. */
export class Registration {
  nick: string | null = null;
  user: string | null = null;
  realName = '';
  /** What it says about itself: see METADATA. */
  readonly metadata = new Map<string, string>();
  password: string | null = null;
  /** Registration waits for CAP END. */
  isNegotiating = false;
  /** Commands that have run so far. */
  commands = 0;
  /** Lines and bytes that it has sent so far. */
  lines = 0;
  bytes = 0;

  get isComplete(): boolean {
    return this.nick !== null && this.user !== null && !this.isNegotiating;
  }
}
