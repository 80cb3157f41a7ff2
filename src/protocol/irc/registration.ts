/** The data of a client that is registering. */
import type { RegistrationState } from '../session-state.js';

/** What a client that is registering has said. */
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

  get state(): RegistrationState {
    const { nick, user, realName, password, isNegotiating, commands, lines, bytes } = this;
    return { nick, user, realName, password, isNegotiating, commands, lines, bytes };
  }

  restore(state: RegistrationState): void {
    Object.assign(this, state);
  }

  get isComplete(): boolean {
    return this.nick !== null && this.user !== null && !this.isNegotiating;
  }
}
