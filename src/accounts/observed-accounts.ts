/**
 * The accounts as a server sees them: outside it, so that their answers can be recorded and its parts can observe them.
 */
import type {
  AccountAnswers,
  AccountChange,
  AccountObserver,
  AccountService,
  ChangeOutcome,
  EraseOutcome,
  FindOutcome,
  LogInOutcome,
  Mechanism,
  NamesOutcome,
  RegisterAsk,
  RegisterOutcome,
  SaslExchange,
  SaslStep,
  VerifyOutcome,
} from './account-service.js';

/** Whether a value is an outcome: its kind is one of these. */
export function hasKind<T extends { readonly kind: string }>(
  ...kinds: readonly T['kind'][]
): (value: unknown) => value is T {
  const known = new Set<unknown>(kinds);
  return (value): value is T => typeof value === 'object' && value !== null && 'kind' in value && known.has(value.kind);
}

const isLogIn = hasKind<LogInOutcome>('logged-in', 'unconfirmed', 'suspended', 'wrong', 'busy', 'unavailable');
const isStep = (value: unknown): value is SaslStep => hasKind<SaslStep>('challenge')(value) || isLogIn(value);
const isRegistration = hasKind<RegisterOutcome>('registered', 'confirmation-required', 'refused');
const isVerification = hasKind<VerifyOutcome>('registered', 'refused');
const isFound = hasKind<FindOutcome>('account', 'none', 'unavailable');
const isChange = hasKind<ChangeOutcome>('changed', 'none', 'busy', 'unavailable', 'refused');
const isNames = hasKind<NamesOutcome>('names', 'unavailable');
const isErasure = hasKind<EraseOutcome>('erased', 'none', 'unavailable');

/**
 * Asks something that is answered outside the server.
 *
 * @param isAnswer - whether a recorded value is an answer
 * @param toldOf - returns the value that is recorded instead of an answer with a secret in it; by default the answer
 */
export type Outside = <T>(
  ask: () => Promise<T>,
  isAnswer: (value: unknown) => value is T,
  toldOf?: (answer: T) => T,
) => Promise<T>;

/** With the steps of SCRAM, somebody could guess the password at leisure. */
function withoutStep(step: SaslStep): SaslStep {
  return step.kind === 'challenge' ? { kind: 'challenge', text: 'x'.repeat(step.text.length) } : step;
}

/** Asks the accounts from within a server. */
export class ObservedAccounts implements AccountService {
  readonly #accounts: AccountAnswers;
  readonly #outside: Outside;
  readonly #observers: AccountObserver[] = [];

  constructor(accounts: AccountAnswers, outside: Outside) {
    this.#accounts = accounts;
    this.#outside = outside;
  }

  observe(observer: AccountObserver): void {
    this.#observers.push(observer);
  }

  logIn(ask: Parameters<AccountAnswers['logIn']>[0]): Promise<LogInOutcome> {
    return this.#outside(() => this.#accounts.logIn(ask), isLogIn);
  }

  exchange(mechanism: Mechanism, ask: Parameters<AccountAnswers['exchange']>[1]): SaslExchange {
    const exchange = this.#accounts.exchange(mechanism, ask);
    return { step: (response) => this.#outside(() => exchange.step(response), isStep, withoutStep) };
  }

  async register(ask: RegisterAsk): Promise<RegisterOutcome> {
    return this.#registered(await this.#outside(() => this.#accounts.register(ask), isRegistration));
  }

  async verify(ask: Parameters<AccountAnswers['verify']>[0]): Promise<VerifyOutcome> {
    return this.#registered(await this.#outside(() => this.#accounts.verify(ask), isVerification));
  }

  #registered<T extends RegisterOutcome | VerifyOutcome>(outcome: T): T {
    if (outcome.kind === 'registered') for (const observer of this.#observers) observer.registered(outcome.account);
    return outcome;
  }

  find(name: string): Promise<FindOutcome> {
    return this.#outside(() => this.#accounts.find(name), isFound);
  }

  change(name: string, change: AccountChange): Promise<ChangeOutcome> {
    return this.#outside(() => this.#accounts.change(name, change), isChange);
  }

  async erase(name: string): Promise<EraseOutcome> {
    const outcome = await this.#outside(() => this.#accounts.erase(name), isErasure);
    if (outcome.kind === 'erased') for (const observer of this.#observers) observer.erased(outcome.account);
    return outcome;
  }

  names(): Promise<NamesOutcome> {
    return this.#outside(() => this.#accounts.names(), isNames);
  }
}
