/** Logging in by SASL (IRCv3 SASL 3.2): what AUTHENTICATE carries in both directions. */
import { base64Of, hasScram, scram } from './scram.js';

/** One way of logging in. */
export interface Exchange {
  readonly mechanism: string;
  /** Returns the answer to what the server says; null to give up. */
  readonly answer: (challenge: string) => Promise<string | null>;
}

/** The longest parameter of one AUTHENTICATE; an answer as long as this is followed by another. */
const CHUNK = 400;

/** @param offer - the mechanisms that the server lists, with commas; empty if it lists none */
export function exchangeFor(offer: string, account: string, password: string): Exchange {
  const canScram = offer.split(',').includes('SCRAM-SHA-256') && hasScram();
  return canScram ? scram(account, password, globalThis.crypto.randomUUID()) : plain(account, password);
}

function plain(account: string, password: string): Exchange {
  return { mechanism: 'PLAIN', answer: () => Promise.resolve(`\0${account}\0${password}`) };
}

/** One login, from its first line to its last. */
export class SaslLogin {
  readonly #exchange: Exchange;
  readonly #send: (line: string) => void;
  #challenge = '';

  constructor(exchange: Exchange, send: (line: string) => void) {
    this.#exchange = exchange;
    this.#send = send;
    send(`AUTHENTICATE ${exchange.mechanism}`);
  }

  /** Takes the parameter of an AUTHENTICATE of the server. */
  async receive(parameter: string): Promise<void> {
    this.#challenge += parameter === '+' ? '' : parameter;
    if (parameter.length === CHUNK) return;
    const challenge = this.#challenge;
    this.#challenge = '';
    for (const line of linesOf(await this.#answerTo(challenge))) this.#send(line);
  }

  async #answerTo(challenge: string): Promise<string | null> {
    try {
      return await this.#exchange.answer(decoded(challenge));
    } catch {
      return null; // What the server says makes no sense.
    }
  }
}

function linesOf(answer: string | null): string[] {
  if (answer === null) return ['AUTHENTICATE *'];
  const base64 = base64Of(new TextEncoder().encode(answer));
  const chunks: string[] = base64.match(/.{1,400}/g) ?? [];
  if (base64.length % CHUNK === 0) chunks.push('+');
  return chunks.map((chunk) => `AUTHENTICATE ${chunk}`);
}

const decoded = (base64: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
