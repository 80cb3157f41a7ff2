/** The ways in which a server of a process ends. */
import type { ControlSocket } from '../control/control-socket.js';
import { toError } from '../errors.js';
import type { ChatServer } from '../server/chat-server.js';
import type { Estate } from '../server/hand-over/estate.js';
import type { Log } from '../server/log.js';
import { closeFds } from '../socket/close-fds.js';
import type { HangUp } from './hang-up.js';
import type { ServiceReports } from './service-reports.js';
import { Standstill, type StandstillFigures } from './standstill.js';
import type { Stop, StopRequest } from './stop-request.js';
import type { Successor } from './successor.js';
import type { UpgradeRequest } from './upgrade-request.js';
import type { WorkerRole } from './worker-role.js';

/** A stopping server ends whatever still waits after this time: it promises to stop within two seconds. */
const STOP_DEADLINE_MS = 1800;

/** A server that serves, with everything that ends when it does. */
export interface Serving {
  readonly server: ChatServer;
  /** Null if it takes no `fdmux ctl`. */
  readonly desk: ControlSocket | null;
  readonly service: ServiceReports;
  readonly upgrade: UpgradeRequest;
  /** Null for a server by itself. */
  readonly role: WorkerRole | null;
  readonly stopping: StopRequest;
  readonly hangUp: HangUp;
  readonly log: Log;
}

/** Ends a server for the next one of its process. @returns what that goes on with: the clients that can move */
export async function leaveForNext({ server, desk, upgrade, log }: Serving): Promise<Estate> {
  upgrade.failed(new Error('its rooms were not those of the others'), 'this node begins anew');
  desk?.retire();
  const estate = await server.leave('this server begins anew: please connect again');
  estate.clients.complete();
  await server.finish();
  await desk?.close();
  log.warn('this node begins anew', { clients: estate.clients.count });
  return estate;
}

/**
 * Ends a server for another process.
 *
 * @returns what it has left if that one does not take it; null if that one goes on
 * @throws Error if that one has ended after it had taken over
 */
export async function handOver(serving: Serving, successor: Successor): Promise<Estate | null> {
  const { desk, role, service } = serving;
  desk?.retire();
  let rest: Estate | null = null;
  try {
    rest = await leaveTo(successor, serving);
  } finally {
    // What is open keeps the process alive.
    if (rest === null) {
      await role?.retire();
      service.dispose();
    }
    await desk?.close();
  }
  return rest;
}

async function leaveTo(
  successor: Successor,
  { server, service, upgrade, role, stopping, hangUp, log }: Serving,
): Promise<Estate | null> {
  if (!successor.replacesFiles) await role?.retire();
  const standstill = new Standstill();
  const estate = await server.leave('the server is being upgraded: please connect again');
  let rest: Promise<void> | null = null;
  let figures: StandstillFigures;
  try {
    successor.send(estate);
    rest = server.finish();
    await successor.takesOver();
    figures = standstill.figures;
  } catch (error) {
    // Clients that have not been sent are among those that this process goes on with.
    const clients = estate.clients.complete();
    log.error('not upgraded: this process goes on', { error: toError(error).message, clients });
    upgrade.failed(error, 'this process goes on');
    await successor.end();
    await (rest ?? server.finish());
    return estate;
  }
  service.replacedBy(successor.pid);
  role?.replaced();
  closeFds(estate.listeners);
  closeFds(estate.clients);
  successor.endsWith(stopping);
  // It has read the configuration earlier.
  hangUp.heed(() => {
    successor.hangUp();
  });
  const { pid } = successor;
  const clients = estate.clients.count;
  log.warn('upgraded', { pid, clients, ...figures });
  try {
    await successor.isReady(true);
  } catch (error) {
    upgrade.failed(error, 'the new process has ended after it had taken over');
    throw new Error('the new process has ended after it had taken over', { cause: error });
  }
  upgrade.done({ pid, clients });
  setTimeout(() => process.exit(0), STOP_DEADLINE_MS).unref();
  await rest;
  return null;
}

/** Ends a server for good. */
export async function stop(
  { server, desk, service, upgrade, role, stopping }: Serving,
  { reason, mayDrain }: Stop,
): Promise<void> {
  upgrade.stopped();
  service.stopping();
  if (mayDrain) {
    const drained = server.drain(stopping.hurried);
    await role?.drain();
    await drained;
  }
  await role?.retire();
  // A peer that reads nothing must not keep the process alive, nor must this timer.
  setTimeout(() => process.exit(stopping.exitCode), STOP_DEADLINE_MS).unref();
  await desk?.close();
  await server.close(reason);
  service.dispose();
}
