/** Restores the lost packs of logs. */
import type { Broker, BrokerEnd, PackToKeep } from './broker.js';
import { decodePack } from './codec.js';
import type { LogName, Pack } from './entry.js';
import { type HeldPack, HeldPacks } from './held-packs.js';

/** The most bytes of one call, unless a single pack has more. */
const MAX_CALL_BYTES = 1_048_576;

/** A pack that was in a log, with its entries. */
export interface LostPack {
  readonly pack: PackToKeep;
  readonly entries: Pack;
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
   * Returns the missing packs of a log that ends here; null if not all are held.
   *
   * @param applied - the last number of it
   */
  missing(name: LogName, { top, mark }: BrokerEnd, applied: number): readonly HeldPack[] | null {
    const packs = this.held.after(name, top);
    const [first] = packs;
    const isWhole = first?.seq === top + 1 && packs.length === applied - top && packs.at(-1)?.seq === applied;
    return isWhole && first.before === mark ? packs : null;
  }

  /** Appends packs behind an end, as long as the log ends there. It does not reject. */
  async putBack(name: LogName, end: BrokerEnd, packs: readonly HeldPack[]): Promise<void> {
    this.#underWay += 1;
    let from: BrokerEnd = end;
    for (const some of inCalls(packs)) {
      const given = some.map(({ bytes }) => ({ bytes, ...factsOf(bytes) }));
      const isDone = await this.#broker.restore(name, from, given).catch(() => false);
      const last = some.at(-1);
      if (!isDone || last === undefined) break;
      from = { top: last.seq, mark: last.mark };
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

function inCalls(packs: readonly HeldPack[]): HeldPack[][] {
  const calls: HeldPack[][] = [];
  let bytes = Infinity;
  for (const pack of packs) {
    bytes += pack.bytes.byteLength;
    if (bytes > MAX_CALL_BYTES) {
      calls.push([]);
      bytes = pack.bytes.byteLength;
    }
    calls.at(-1)?.push(pack);
  }
  return calls;
}
