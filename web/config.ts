/** The facts that the server offers before the user signs in (`/config.json`). */

export interface PageConfig {
  readonly networkName: string;
  readonly webSocketPath: string;
  /** The room that is offered first. */
  readonly lobby: string;
  readonly isPasswordNeeded: boolean;
  /** Whether one can log in to an account. */
  readonly hasAccounts: boolean;
  /** Whether one can make an account. */
  readonly hasRegistration: boolean;
  /** Whether an account needs an e-mail address. */
  readonly needsMail: boolean;
  readonly nickLength: number;
}

const DEFAULTS: PageConfig = {
  networkName: 'fdmux',
  webSocketPath: 'irc',
  lobby: '#lobby',
  isPasswordNeeded: false,
  hasAccounts: false,
  hasRegistration: false,
  needsMail: false,
  nickLength: 30,
};

/** Reads the configuration; a key that is missing has its default. */
export function configFrom(value: unknown): PageConfig {
  const given: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  const text = (name: 'networkName' | 'webSocketPath' | 'lobby'): string => {
    const found = given[name];
    return typeof found === 'string' && found !== '' ? found : DEFAULTS[name];
  };
  const nickLength = given['nickLength'];
  return {
    networkName: text('networkName'),
    webSocketPath: text('webSocketPath'),
    lobby: text('lobby'),
    isPasswordNeeded: given['isPasswordNeeded'] === true,
    hasAccounts: given['hasAccounts'] === true,
    hasRegistration: given['hasRegistration'] === true,
    needsMail: given['needsMail'] === true,
    nickLength: typeof nickLength === 'number' ? nickLength : DEFAULTS.nickLength,
  };
}
