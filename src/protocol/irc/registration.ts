/** The data of a client that is registering. */
import type { RegistrationState } from '../session-state.js';

/** Everything that a client that is registering has said. */
export class Registration {
  nick: string | null = null;
  /** The nick that it has asked for last, and that another one has. */
  refusedNick: string | null = null;
  user: string | null = null;
  realName = '';
  /** The facts that it gives about itself: see METADATA. */
  readonly metadata = new Map<string, string>();
  password: string | null = null;
  /** Registration waits for CAP END. */
  isNegotiating = false;
  /** Commands that have run so far. */
  commands = 0;
  /** Lines and bytes that it has sent so far. */
  lines = 0;
  bytes = 0;

  get state(): RegistrationState {
    const { nick, user, realName, password, isNegotiating, commands, lines, bytes } = this;
    const metadata = [...this.metadata];
    return { nick, user, realName, metadata, password, isNegotiating, commands, lines, bytes };
  }

  restore({ metadata, ...state }: RegistrationState): void {
    Object.assign(this, state);
    for (const [key, value] of metadata) this.metadata.set(key, value);
  }

  get isComplete(): boolean {
    return this.nick !== null && this.user !== null && !this.isNegotiating;
  }
}
