/** The letters that the nodes of a domain hand to each other: each is answered, and carried out at most once. */
import type { Letter } from '../chat/abroad.js';
import { toError } from '../errors.js';
import type { Bus } from './bus.js';
import { isFitLetter } from './customs.js';
import { decodeLetter, decodeLetterAnswer, encodeJson } from './messages.js';
import { type LetterTaker, type OpenLetter, OpenLetters, UNREACHABLE } from './open-letters.js';
import type { Errand, Relayed } from './relayed.js';
import type { DomainLog } from './settings.js';

/** How long a node waits for the answer of another one, in milliseconds: longer than that one waits for a domain. */
const PATIENCE_MS = 12_000;

/** The parts of the relay. */
export interface LetterRelayParts {
  /** The other domain. */
  readonly domain: string;
  readonly log: Pick<DomainLog, 'error'>;
  readonly bus: Pick<Bus, 'isReady' | 'node' | 'say'>;
  /** The last turn of this node under its name, by a relay before this one: others carry out none of those again. */
  readonly lastTurn: number;
  /** Whether a node of this domain is gone. */
  readonly isGone: (node: string) => boolean;
  /** Carries out what another node asks for. @param take - called once, in this call or later */
  readonly carryOut: (errand: Errand, letter: Letter, take: LetterTaker) => void;
}

/** A letter that another node has been asked to carry. */
interface Asked extends OpenLetter {
  /** The other node, and the name of this one at that time. */
  readonly node: string;
  readonly as: string;
}

/** Asks other nodes, and answers them. */
export class LetterRelay {
  readonly #parts: LetterRelayParts;
  readonly #asked: OpenLetters<Asked>;
  /** The last turn of each node that has been carried out: the log may have an entry twice. */
  readonly #done = new Map<string, number>();

  constructor(parts: LetterRelayParts) {
    this.#parts = parts;
    this.#asked = new OpenLetters({
      patienceMs: PATIENCE_MS,
      lastTurn: parts.lastTurn,
      attempt: (work) => {
        this.#attempt(work);
      },
    });
  }

  /** The last turn that this node has taken. */
  get lastTurn(): number {
    return this.#asked.nextTurn - 1;
  }

  /** Asks another node. @param take - called once, in this call or later */
  ask(node: string, errand: Errand, letter: Letter, take: LetterTaker): void {
    const { bus, isGone } = this.#parts;
    if (!bus.isReady || isGone(node) || !isFitLetter(letter, letter.text)) {
      take(UNREACHABLE);
      return;
    }
    const turn = this.#asked.nextTurn;
    if (!this.#asked.add({ node, as: bus.node, sender: letter.by, take })) return;
    bus.say({ kind: 'letter', to: node, turn, errand }, encodeJson(letter), (why) => {
      if (why !== null) this.#asked.answer(turn, UNREACHABLE);
    });
  }

  /** Does something whose error must end neither the process nor what others wait for. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      const { domain, log } = this.#parts;
      log.error('an error in a link', { domain, error: toError(error).message });
    }
  }

  /** Hears a message from the log. */
  heard(node: string, message: Relayed, body: Uint8Array): void {
    if (message.kind === 'letter') {
      if (message.to === this.#parts.bus.node) this.#carryOut(node, message, body);
    } else if (message.kind === 'letter-answer' && this.#asked.find(message.turn)?.as === message.to) {
      this.#asked.answer(message.turn, decodeLetterAnswer(body) ?? UNREACHABLE);
    }
  }

  #carryOut(node: string, { turn, errand }: Extract<Relayed, { readonly kind: 'letter' }>, body: Uint8Array): void {
    const { bus, carryOut, isGone } = this.#parts;
    if (isGone(node) || turn <= (this.#done.get(node) ?? 0)) return;
    this.#done.set(node, turn);
    const answer: LetterTaker = (answered) => {
      bus.say({ kind: 'letter-answer', to: node, turn }, encodeJson(answered));
    };
    const letter = decodeLetter(body);
    if (letter === null) answer(UNREACHABLE);
    else carryOut(errand, letter, answer);
  }

  /** Call it often: nobody waits for a node that is gone. */
  tick(): void {
    const { isGone } = this.#parts;
    this.#asked.giveUp(({ node }) => isGone(node));
    for (const node of this.#done.keys()) if (isGone(node)) this.#done.delete(node);
  }

  close(): void {
    this.#asked.giveUp();
  }
}
