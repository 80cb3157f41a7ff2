/** What a worker logs about its control process. */
import type { Reach } from '../log/socket-log.js';
import type { Log } from './log.js';

/** How long the next control process may take to be there, in milliseconds. */
export const TAKE_OVER_MS = 10_000;

/** Returns the observer of a control process. It is an error only if that is lost without another one in its place. */
export function controlReports(log: Log): (reach: Reach) => void {
  let isLost = false;
  let isReplaced = false;
  let late: NodeJS.Timeout | undefined;
  const lost = (): void => {
    isLost = true;
    log.error('the control process is lost: rooms wait', {});
  };
  return (reach) => {
    clearTimeout(late);
    switch (reach) {
      case 'there':
        // The first time is no news.
        if (isLost) log.warn('the control process is back', {});
        else if (isReplaced) log.info('the next control process is there', {});
        isLost = false;
        isReplaced = false;
        return;
      case 'replaced':
        isReplaced = true;
        log.info('the control process is being replaced: rooms wait', {});
        late = setTimeout(lost, TAKE_OVER_MS).unref();
        return;
      case 'lost':
        lost();
    }
  };
}
