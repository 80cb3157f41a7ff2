/** A connection to PostgreSQL that is made again whenever it is lost. */
import { Link, type LinkOptions } from '../link.js';
import { connect, type Notification, type Statement } from './driver.js';

/** The choices of a {@link PostgresLink}. */
export interface PostgresLinkOptions extends Omit<LinkOptions<Statement, readonly object[]>, 'connect'> {
  readonly url: string;
  readonly notified?: (notification: Notification) => void;
}

/** Has a statement carried out. */
export type Run = (statement: Statement) => Promise<readonly object[]>;

/** One connection at a time: neither attempts nor statements overlap. */
export class PostgresLink extends Link<Statement, readonly object[]> {
  constructor({ url, notified, ...options }: PostgresLinkOptions) {
    super({
      ...options,
      connect: (lost) => connect(url, { lost, notified: (notification) => notified?.(notification) }),
    });
  }
}
