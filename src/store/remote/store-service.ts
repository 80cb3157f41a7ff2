/** The end that has a store: it serves the requests of one peer. */
import { deserialize, serialize } from 'node:v8';
import type { SearchQuery } from '../../history/search-query.js';
import type { Channel } from '../../log/channel.js';
import type { StoreAccess } from '../store-access.js';
import { failureOf } from '../store-error.js';
import type { Reads, StoreFacts, Write, Written } from '../tasks.js';
import { Courier } from './courier.js';
import { isStoreAsk, MAX_REASON, STORE_PROTOCOL_VERSION, type StoreAsk } from './messages.js';

/** The most questions of a peer that are under way: it is not read from while there are more. */
const MAX_QUESTIONS = 256;

/** A store that others may open as well. */
export interface SharedStore extends Pick<StoreAccess, 'write' | 'read' | 'search' | 'readings'> {
  /** Counts another opening of the store. @throws StoreError */
  begin(): Promise<StoreFacts>;
}

/** The choices of a {@link StoreService}. */
export interface StoreServiceOptions {
  readonly store: SharedStore;
  /** The form of the data: a peer that knows another one is turned away. */
  readonly form: string;
}

/** Serves one peer. It is handed the events of its channel. */
export class StoreService {
  readonly #store: SharedStore;
  readonly #form: string;
  readonly #channel: Channel;
  readonly #courier: Courier;
  #hasGreeted = false;
  #questions = 0;
  #isPaused = false;
  #isOver = false;

  constructor({ store, form }: StoreServiceOptions, channel: Channel) {
    this.#store = store;
    this.#form = form;
    this.#channel = channel;
    this.#courier = new Courier(channel);
    this.#courier.send({ kind: 'hello', version: STORE_PROTOCOL_VERSION, form });
  }

  // Events of the channel

  received(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const isUnderstood = this.#courier.take(bytes, (head, body) => {
      if (this.#isOver || !isStoreAsk(head) || !this.#mayAsk(head)) return false;
      if (head.kind !== 'hello') void this.#serve(head, body);
      return true;
    });
    if (!isUnderstood) this.#channel.close();
  }

  drained(): void {
    this.#courier.drained();
    this.#regulate();
  }

  /** The peer sends nothing more: it has ended, because its answers would not reach it. */
  hangUp(): void {
    this.#channel.close();
  }

  /** The peer is gone. Its requested writes still take place. */
  closed(): void {
    this.#isOver = true;
  }

  /** Its first message, and only that, has its version. */
  #mayAsk(ask: StoreAsk): boolean {
    const isGreeting = ask.kind === 'hello';
    if (isGreeting === this.#hasGreeted) return false;
    if (isGreeting && (ask.version !== STORE_PROTOCOL_VERSION || ask.form !== this.#form)) return false;
    this.#hasGreeted = true;
    return true;
  }

  async #serve(ask: Exclude<StoreAsk, { readonly kind: 'hello' }>, body: Uint8Array): Promise<void> {
    this.#questions += 1;
    this.#regulate();
    try {
      const answer = serialize(await this.#answer(ask, body));
      if (!this.#isOver) this.#courier.send({ kind: 'answer', id: ask.id }, answer);
    } catch (error) {
      const { code, message } = failureOf(error);
      const failed = { kind: 'failed', id: ask.id, code, message: message.slice(0, MAX_REASON) };
      if (!this.#isOver) this.#courier.send(failed);
    }
    this.#questions -= 1;
    this.#regulate();
  }

  /** Reads on only while neither too much work waits, nor too many answers for the peer. */
  #regulate(): void {
    const isTooMuch = this.#questions >= MAX_QUESTIONS || this.#courier.isBehind;
    if (isTooMuch === this.#isPaused || this.#isOver) return;
    this.#isPaused = isTooMuch;
    if (isTooMuch) this.#channel.pause();
    else this.#channel.resume();
  }

  #answer(ask: Exclude<StoreAsk, { readonly kind: 'hello' }>, body: Uint8Array): unknown {
    switch (ask.kind) {
      case 'begin':
        return this.#store.begin();
      case 'write':
        return this.#write(body);
      case 'read':
        return this.#read(ask.job, body);
      case 'search':
        return this.#search(body);
      case 'readings':
        return this.#store.readings();
    }
  }

  /** Writes everything in the same turn, and so in the same transaction. */
  #write(body: Uint8Array): Promise<readonly Written[]> {
    const decode: (bytes: Uint8Array) => readonly Write[] = deserialize;
    const written = decode(body).map(
      (write) =>
        new Promise<Written>((resolve) => {
          this.#store.write(write, { written: resolve, failed: resolve });
        }),
    );
    return Promise.all(written);
  }

  #read<K extends keyof Reads>(job: K, body: Uint8Array): Promise<Reads[K]['answer']> {
    const decode: (bytes: Uint8Array) => Reads[K]['ask'] = deserialize;
    return this.#store.read(job, decode(body));
  }

  #search(body: Uint8Array): unknown {
    const decode: (bytes: Uint8Array) => SearchQuery = deserialize;
    return this.#store.search(decode(body));
  }
}
