/** The accounts as a server sees them: they are outside it, so that their answers can be recorded. */
import type {
  AccountChange,
  AccountService,
  ChangeOutcome,
  EraseOutcome,
  FindOutcome,
  LogInOutcome,
  Mechanism,
  RegisterAsk,
  RegisterOutcome,
  SaslExchange,
  SaslStep,
  VerifyOutcome,
} from '../accounts/account-service.js';
import type { World } from './world.js';

/** Whether a value is an outcome: its kind is one of these. */
function hasKind<T extends { readonly kind: string }>(...kinds: readonly T['kind'][]): (value: unknown) => value is T {
  const known = new Set<unknown>(kinds);
  return (value): value is T => typeof value === 'object' && value !== null && 'kind' in value && known.has(value.kind);
}

const isLogIn = hasKind<LogInOutcome>('logged-in', 'unconfirmed', 'suspended', 'wrong', 'busy', 'unavailable');
const isStep = (value: unknown): value is SaslStep => hasKind<SaslStep>('challenge')(value) || isLogIn(value);
const isRegistration = hasKind<RegisterOutcome>('registered', 'confirmation-required', 'refused');
const isVerification = hasKind<VerifyOutcome>('registered', 'refused');
const isFound = hasKind<FindOutcome>('account', 'none', 'unavailable');
const isChange = hasKind<ChangeOutcome>('changed', 'none', 'busy', 'unavailable', 'refused');
const isErasure = hasKind<EraseOutcome>('erased', 'none', 'unavailable');

/** Asks the accounts through the world of the server. */
export class OutsideAccounts implements AccountService {
  readonly #accounts: AccountService;
  readonly #outside: World['outside'];

  constructor(accounts: AccountService, { outside }: Pick<World, 'outside'>) {
    this.#accounts = accounts;
    this.#outside = outside;
  }

  logIn(ask: Parameters<AccountService['logIn']>[0]): Promise<LogInOutcome> {
    return this.#outside(() => this.#accounts.logIn(ask), isLogIn);
  }

  exchange(mechanism: Mechanism, ask: Parameters<AccountService['exchange']>[1]): SaslExchange {
    const exchange = this.#accounts.exchange(mechanism, ask);
    return { step: (response) => this.#outside(() => exchange.step(response), isStep) };
  }

  register(ask: RegisterAsk): Promise<RegisterOutcome> {
    return this.#outside(() => this.#accounts.register(ask), isRegistration);
  }

  verify(ask: Parameters<AccountService['verify']>[0]): Promise<VerifyOutcome> {
    return this.#outside(() => this.#accounts.verify(ask), isVerification);
  }

  find(name: string): Promise<FindOutcome> {
    return this.#outside(() => this.#accounts.find(name), isFound);
  }

  change(name: string, change: AccountChange): Promise<ChangeOutcome> {
    return this.#outside(() => this.#accounts.change(name, change), isChange);
  }

  erase(name: string): Promise<EraseOutcome> {
    return this.#outside(() => this.#accounts.erase(name), isErasure);
  }
}
