/** The modules that a server loads when it starts, by its configuration: an upgrade has them before anybody waits. */
import type { ServerConfig } from '../config/server-config.js';
import { WEB } from '../protocol-names.js';

/** Loads them. */
export async function loadModules({ listeners, admin, store, node, domain }: ServerConfig): Promise<void> {
  const hasPage = listeners.some(({ protocol }) => protocol === WEB.name);
  await Promise.all([
    ...(hasPage ? [import('../../front/web-front.js'), import('../../front/web-site.js')] : []),
    ...(admin === null ? [] : [import('../../admin/metrics.js'), import('../../admin/admin-listener.js')]),
    ...(store === null ? [] : [import('../keeping.js')]),
    ...(store === null || store.kind === 'postgres' ? [] : loadDesk()),
    ...(store?.kind === 'control' ? loadRemote() : []),
    ...(store?.kind === 'postgres' ? loadPostgres() : []),
    ...(store?.kind === 'postgres' && store.logs !== null ? [import('../../store/redis/open.js')] : []),
    ...(node === null ? [] : [import('../nodes/open.js')]),
    ...(domain === null ? [] : [import('../open-domains.js')]),
  ]);
}

function loadDesk(): readonly Promise<unknown>[] {
  return [import('../../control/control-socket.js'), import('../desk.js')];
}

function loadPostgres(): readonly Promise<unknown>[] {
  return [
    import('../../store/postgres/open.js'),
    import('../../store/postgres/driver.js').then(({ loadDriver }) => loadDriver()),
  ];
}

function loadRemote(): readonly Promise<unknown>[] {
  return [
    import('../../store/remote/remote-store.js'),
    import('../../store/remote/remote-logs.js'),
    import('../../control/dial.js'),
    import('../../control/service-socket.js'),
  ];
}
