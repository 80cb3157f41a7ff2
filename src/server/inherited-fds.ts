/** Sockets that listen before the server starts, such as those of a service manager. */
import { listen } from '../net/listener.js';
import { closeFds } from '../socket/close-fds.js';
import type { ListenFd } from '../socket/service-manager.js';
import { ConfigError } from './config/config-error.js';
import type { ListenerConfig } from './config/server-config.js';
import type { InheritedSocket } from './listeners.js';

/**
 * Gives each fd to a listener of the configuration: by its name, which is a protocol's, or else in their order. Several
 * of one name go to the listeners of that protocol in their order.
 *
 * @throws {@link ConfigError} if there are more fds than listeners for them
 */
export function assignFds(
  fds: readonly ListenFd[],
  listeners: readonly ListenerConfig[],
): ReadonlyMap<ListenerConfig, number> {
  const assigned = new Map<ListenerConfig, number>();
  const isNamed = ({ name }: ListenFd): boolean => listeners.some(({ protocol }) => protocol === name);
  // Named ones first: they must not find their listener taken by one that would do with any.
  for (const passed of [...fds.filter(isNamed), ...fds.filter((each) => !isNamed(each))]) {
    const fits = (listener: ListenerConfig): boolean => !isNamed(passed) || listener.protocol === passed.name;
    const listener = listeners.find((each) => !assigned.has(each) && fits(each));
    if (listener === undefined) {
      const { fd, name } = passed;
      throw new ConfigError(`the inherited fd ${fd} (${name}) has no listener: the configuration has too few`);
    }
    assigned.set(listener, passed.fd);
  }
  return assigned;
}

/** Closes sockets that no listener has. The files of those that are owned are removed. */
export async function closeInherited(sockets: readonly InheritedSocket[]): Promise<void> {
  for (const { fd, isOwned } of sockets) {
    if (!isOwned) {
      closeFds([fd]);
      continue;
    }
    const listener = await listen({ fd, ownsFd: true, socket: {} });
    await listener.close();
  }
}
