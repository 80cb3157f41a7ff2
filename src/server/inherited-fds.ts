/** Sockets that a service manager has opened: which listener each of them is. */
import type { ListenFd } from '../socket/service-manager.js';
import { ConfigError } from './config/config-error.js';
import type { ListenerConfig } from './config/server-config.js';

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
