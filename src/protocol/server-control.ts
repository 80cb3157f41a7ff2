/** What a protocol's operators may do to the server itself. */

/** How reading the configuration again went. */
export interface Reload {
  /** Why nothing was taken over; null if it was. */
  readonly problem: string | null;
  /** Keys that have changed and take effect when the server is started again. */
  readonly waitingKeys: readonly string[];
}

/** The server, as protocols see it. */
export interface ServerControl {
  /** What the configuration is called: its file, or `-` without one. */
  readonly configurationName: string;
  /** Reads the configuration again. */
  reload(): Promise<Reload>;
  /** Ends the server. */
  stop(reason: string): void;
  /** Records something in the ordinary run of things. */
  note(event: string, details: Readonly<Record<string, unknown>>): void;
  /** Records something that an operator of the server should be able to read up. */
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}
