/** The links that are sent what is said in a room by one call. */
import type { Assembly } from '../chat/assembly.js';
import type { Outlet } from '../chat/member.js';
import { Audience } from '../net/audience.js';
import { ConnectionLink } from './link.js';
import type { Tally } from './tally.js';

/** Those of a room's outlets that are links straight on connections, and not behind. */
export class LinkAssembly implements Assembly {
  readonly #tally: Tally;
  readonly #audience = new Audience();

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  begin(): void {
    this.#audience.begin();
  }

  add(outlet: Outlet): boolean {
    return outlet instanceof ConnectionLink && outlet.enter(this.#audience);
  }

  remove(outlet: Outlet): void {
    if (outlet instanceof ConnectionLink) outlet.exit(this.#audience);
  }

  send(content: Uint8Array | string, except: Outlet | null): boolean {
    const audience = this.#audience;
    const count =
      except instanceof ConnectionLink ? except.sendToOthers(audience, content) : audience.send(content, null);
    if (count === null) return false;
    this.#tally.deliveries += count;
    return true;
  }
}
