/** A store without a database: a test decides how each batch of writes ends. */
import { Pace } from '../../src/store/pace.js';
import type { StoreAccess } from '../../src/store/store-access.js';
import type { Failure } from '../../src/store/store-error.js';
import type { Write, Written } from '../../src/store/tasks.js';
import type { WriteBatches, WriteBatchesParts } from '../../src/store/write-batches.js';
import { NO_STORE } from './no-store.js';

/** A batch under way. */
interface HeldBatch {
  readonly writes: readonly Write[];
  readonly answer: (outcome: readonly Written[] | Failure) => void;
}

export class HeldStore {
  readonly access: StoreAccess;
  /** The batches under way, the first one first. */
  readonly batches: HeldBatch[] = [];

  /** @param gathering - makes what gathers the writes into batches */
  constructor(gathering: (parts: Pick<WriteBatchesParts, 'pace' | 'refused' | 'send'>) => Pick<WriteBatches, 'write'>) {
    const nothing = (): void => undefined;
    const writes = gathering({
      pace: new Pace({ late: nothing, caughtUp: nothing }),
      refused: nothing,
      send: (batch) =>
        new Promise((answer) => {
          this.batches.push({ writes: batch, answer });
        }),
    });
    this.access = {
      ...NO_STORE,
      write: (write, answer) => {
        writes.write(write, answer);
      },
    };
  }
}
