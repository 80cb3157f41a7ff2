/** An address in one word. */
import { formatHostPort } from '../protocol/host-port.js';
import type { Address } from '../socket/address.js';

/** Returns `host:port`, the path of a unix socket, or words for what has neither. */
export function formatAddress(address: Address): string {
  switch (address.family) {
    case 'inet':
    case 'inet6':
      return formatHostPort(address.host, address.port);
    case 'unix':
      if ('path' in address) return String(address.path);
      return 'abstract' in address ? `@${String(address.abstract)}` : 'a unix socket';
    case 'unknown':
      return 'an unknown address';
  }
}
