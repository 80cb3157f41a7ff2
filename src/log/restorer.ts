/** Restores the lost packs of logs. */
import { type Broker, type BrokerEnd, MAX_CALL_BYTES, type PackToKeep } from './broker.js';
import { decodePack } from './codec.js';
import type { LogName, Pack } from './entry.js';
import { type HeldPack, HeldPacks } from './held-packs.js';

/** A pack that was in a log, with its entries. */
export interface LostPack {
  readonly pack: PackToKeep;
  readonly entries: Pack;
}

/** Packs that a log has lost. */
export interface Missing {
  /** The place of the pack before them. */
  readonly from: BrokerEnd;
  readonly packs: readonly HeldPack[];
}

/** Holds the packs that were applied lately, and restores them. */
export class Restorer {
  readonly #broker: Broker;
  readonly held = new HeldPacks();
  #underWay = 0;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Whether packs are being restored. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /**
   * Returns the missing packs of a log that ends here; null if it cannot be restored. Of a log of which nothing is
   * left, only the last packs need be held: its state is that of those who have applied it.
   *
   * @param applied - the end that it had
   */
  missing(name: LogName, { top, mark }: BrokerEnd, applied: BrokerEnd): Missing | null {
    const held = this.held.after(name, top);
    let from = applied;
    let count = 0;
    for (const pack of held.toReversed()) {
      if (pack.seq !== from.top || pack.mark !== from.mark) break;
      from = { top: pack.seq - 1, mark: pack.before };
      count += 1;
    }
    const isWhole = from.top === top && from.mark === mark;
    const isNothingLeft = mark === '';
    return isWhole || isNothingLeft ? { from, packs: held.slice(held.length - count) } : null;
  }

  /** Appends packs behind an end, as long as the log ends there. It does not reject. */
  async putBack(name: LogName, end: BrokerEnd, { from, packs }: Missing): Promise<void> {
    this.#underWay += 1;
    let [must, next] = [end, from];
    for (const some of inCalls(packs)) {
      const given = some.map(({ bytes }) => ({ bytes, ...factsOf(bytes) }));
      const isDone = await this.#broker.restore(name, must, given, next).catch(() => false);
      const last = some.at(-1);
      if (!isDone || last === undefined) break;
      must = { top: last.seq, mark: last.mark };
      next = must;
    }
    this.#underWay -= 1;
  }

  /**
   * Removes and returns the held packs of a log after a number, for a log in which other packs now have the numbers.
   */
  take(log: LogName, after: number): readonly LostPack[] {
    return this.held.take(log, after).flatMap(({ bytes }) => {
      const decoded = decodePack(bytes);
      // The pack has another version: processes that can read it hold it, too.
      if (decoded.kind !== 'pack') return [];
      return [{ pack: { log, bytes, ...factsOf(bytes) }, entries: decoded.entries }];
    });
  }
}

/** The facts about a pack that a broker has to know. */
function factsOf(bytes: Uint8Array): { readonly entries: number; readonly atMs: number } {
  const decoded = decodePack(bytes);
  if (decoded.kind !== 'pack') return { entries: 0, atMs: 0 };
  return { entries: decoded.entries.length, atMs: decoded.entries.at(-1)?.atMs ?? 0 };
}

/** @returns at least one call: a log of which nothing is left is restored without packs, too */
function inCalls(packs: readonly HeldPack[]): HeldPack[][] {
  let call: HeldPack[] = [];
  const calls = [call];
  let bytes = 0;
  for (const pack of packs) {
    bytes += pack.bytes.byteLength;
    if (bytes > MAX_CALL_BYTES && call.length > 0) {
      call = [];
      calls.push(call);
      bytes = pack.bytes.byteLength;
    }
    call.push(pack);
  }
  return calls;
}
