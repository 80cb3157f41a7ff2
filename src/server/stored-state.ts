/** The state of a log as a store has kept it. */
import type { DecodedState } from '../chat/snapshot-codec.js';
import type { LogName } from '../log/entry.js';
import { StoreError } from '../store/store-error.js';

/** Returns a state that can be read. @throws StoreError: to go on without it would lose what was kept */
export function stateIn<T>(log: LogName, decoded: DecodedState<T>): T {
  switch (decoded.kind) {
    case 'state':
      return decoded.state;
    case 'unknown-version':
      throw new StoreError('ERR_STORE_VERSION', `a later version of fdmux has written the state of ${log}`);
    case 'malformed':
      throw new StoreError('ERR_STORE_CORRUPT', `the state of ${log} cannot be read`);
  }
}
