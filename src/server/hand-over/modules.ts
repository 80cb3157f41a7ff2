/** The modules that a server loads when it starts, by its configuration: an upgrade has them before anybody waits. */
import { namingOf } from '../../protocol/naming.js';
import type { ServerConfig } from '../config/server-config.js';
import { WEB } from '../protocol-names.js';
import { checkDiskRoom } from './disk-room.js';

/** Loads them. @throws the error of a file or package that is missing or does not work */
export async function loadModules({ listeners, admin, store, node, domain, irc }: ServerConfig): Promise<void> {
  const hasPage = listeners.some(({ protocol }) => protocol === WEB.name);
  await Promise.all([
    namingOf(irc.nicks),
    ...(hasPage ? loadWeb() : []),
    ...(admin === null ? [] : [import('../../admin/metrics.js'), import('../../admin/admin-listener.js')]),
    ...(store === null ? [] : [import('../keeping.js')]),
    ...(store === null || store.kind === 'postgres' ? [] : loadDesk()),
    ...(store?.kind === 'sqlite' ? loadSqlite(store.path) : []),
    ...(store?.kind === 'control' ? loadRemote() : []),
    ...(store?.kind === 'postgres' ? loadPostgres() : []),
    ...(store?.kind === 'postgres' && store.logs !== null ? [import('../../store/redis/open.js')] : []),
    ...(node === null ? [] : [import('../nodes/open.js')]),
    ...(domain === null ? [] : [import('../open-domains.js')]),
  ]);
}

function loadSqlite(folder: string): readonly Promise<unknown>[] {
  return [checkDiskRoom(folder), import('../../store/engine.js').then(({ findEngine }) => findEngine())];
}

function loadWeb(): readonly Promise<unknown>[] {
  return [
    import('../../front/web-front.js'),
    import('../../front/web-site.js').then(({ loadBuiltSite }) => loadBuiltSite()),
  ];
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
