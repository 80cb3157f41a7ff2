/** The exchange of each SASL mechanism (RFC 4422): from the responses of a peer to the end. */
import type { Mechanism, SaslExchange, SaslStep } from './account-service.js';
import { parseClientFirst, ScramExchange, type ScramKeys } from './scram.js';

/** The accounts as exchanges ask them, for one peer. */
export interface Prover {
  byPassword(name: string, password: string): Promise<SaslStep>;
  /** @param authorization - the account that the peer wants; empty for any account */
  byCertificate(authorization: string): Promise<SaslStep>;
  /** Returns the keys of an account, or keys that nobody has. */
  scramKeys(name: string): Promise<ScramKeys>;
  /** Judges the end of an exchange by SCRAM. @param finish - returns null if the proof is wrong */
  byProof(name: string, keys: ScramKeys, finish: () => string | null): Promise<ProofOutcome>;
  /** Whether two names belong to the same account. */
  isSame(name: string, other: string): boolean;
}

/** The end of an exchange, with the last text of the server, which precedes it; null if it has failed. */
export interface ProofOutcome {
  readonly outcome: SaslStep;
  readonly text: string | null;
}

const WRONG: SaslStep = { kind: 'wrong' };
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Decodes a response. @returns null if it is not text in base64 */
function textOf(response: string): string | null {
  if (!BASE64.test(response)) return null;
  const bytes = Buffer.from(response, 'base64');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : null;
}

/** Whether a peer that proves to be one account may act as another one: it may only act as itself. */
function mayAct(prover: Prover, authorization: string, name: string): boolean {
  return authorization === '' || prover.isSame(authorization, name);
}

/** PLAIN (RFC 4616): `[authorization] NUL name NUL password`. */
class PlainExchange implements SaslExchange {
  readonly #prover: Prover;

  constructor(prover: Prover) {
    this.#prover = prover;
  }

  async step(response: string): Promise<SaslStep> {
    const [authorization, name = '', password = '', ...more] = textOf(response)?.split('\0') ?? [];
    const isWhole = authorization !== undefined && name !== '' && password !== '' && more.length === 0;
    if (!isWhole || !mayAct(this.#prover, authorization, name)) return WRONG;
    return this.#prover.byPassword(name, password);
  }
}

/** EXTERNAL (RFC 4422 appendix A): the authorization, or nothing. */
class ExternalExchange implements SaslExchange {
  readonly #prover: Prover;

  constructor(prover: Prover) {
    this.#prover = prover;
  }

  async step(response: string): Promise<SaslStep> {
    const authorization = textOf(response);
    return authorization === null ? WRONG : this.#prover.byCertificate(authorization);
  }
}

/** SCRAM-SHA-256: two messages of the client, and an empty response to the last one of the server. */
class Sha256Exchange implements SaslExchange {
  readonly #prover: Prover;
  #name = '';
  #scram: { readonly exchange: ScramExchange; readonly keys: ScramKeys } | null = null;
  /** Set when the server has proved that it has the keys. */
  #outcome: SaslStep | null = null;

  constructor(prover: Prover) {
    this.#prover = prover;
  }

  async step(response: string): Promise<SaslStep> {
    if (this.#outcome !== null) return response === '' ? this.#outcome : WRONG;
    const text = textOf(response);
    if (text === null) return WRONG;
    return this.#scram === null ? this.#begin(text) : this.#finish(text, this.#scram);
  }

  async #begin(text: string): Promise<SaslStep> {
    const first = parseClientFirst(text);
    if (first === null || !mayAct(this.#prover, first.authorization, first.name)) return WRONG;
    const keys = await this.#prover.scramKeys(first.name);
    const exchange = new ScramExchange(first, keys);
    this.#name = first.name;
    this.#scram = { exchange, keys };
    return challenge(exchange.serverFirst);
  }

  async #finish(
    text: string,
    { exchange, keys }: { readonly exchange: ScramExchange; readonly keys: ScramKeys },
  ): Promise<SaslStep> {
    const judged = await this.#prover.byProof(this.#name, keys, () => exchange.finish(text));
    if (judged.text === null) return judged.outcome;
    this.#outcome = judged.outcome;
    return challenge(judged.text);
  }
}

function challenge(text: string): SaslStep {
  return { kind: 'challenge', text: Buffer.from(text).toString('base64') };
}

/** Begins an exchange. */
export function beginExchange(mechanism: Mechanism, prover: Prover): SaslExchange {
  switch (mechanism) {
    case 'PLAIN':
      return new PlainExchange(prover);
    case 'EXTERNAL':
      return new ExternalExchange(prover);
    case 'SCRAM-SHA-256':
      return new Sha256Exchange(prover);
  }
}
