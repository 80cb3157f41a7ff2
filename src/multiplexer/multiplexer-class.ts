/**
 * `Multiplexer` as users see it: its constructor infers the type of the backend even if you name only that of the data.
 */
import type { BackendName } from './backend.js';
import type { MultiplexerOptions } from './create-backend.js';
import { Multiplexer as MultiplexerImplementation } from './multiplexer.js';

/** {@link MultiplexerOptions} that name their backend. */
type OptionsOf<B extends BackendName> = MultiplexerOptions<B> & { readonly backend: B };

/**
 * The constructor. TypeScript infers either all type parameters or none: `new Multiplexer<string>({ backend: 'poll' })`
 * would lose the backend if there were one signature for all.
 */
export interface MultiplexerConstructor {
  new <T = unknown>(options: OptionsOf<'epoll'>): MultiplexerImplementation<T, 'epoll'>;
  new <T = unknown>(options: OptionsOf<'poll'>): MultiplexerImplementation<T, 'poll'>;
  new <T = unknown>(options: OptionsOf<'select'>): MultiplexerImplementation<T, 'select'>;
  new <T = unknown>(options?: MultiplexerOptions & { readonly backend?: undefined }): MultiplexerImplementation<T>;
  new <T = unknown>(
    options: MultiplexerOptions & { readonly waiter?: 'thread' | undefined },
  ): MultiplexerImplementation<T>;
  new <T, B extends BackendName>(options?: MultiplexerOptions<B>): MultiplexerImplementation<T, B>;
  /** The backends that this system has, best first. Empty if fdmux does not run here. */
  backends(): BackendName[];
}

/** A multiplexer, with the type of the data of its registrations and, if it is known, of its backend. */
export type Multiplexer<T = unknown, B extends BackendName = BackendName> = MultiplexerImplementation<T, B>;
export const Multiplexer: MultiplexerConstructor = MultiplexerImplementation;
