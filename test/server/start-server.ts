/** Starts a server in the process of a test. */
import { ChatServer } from '../../src/server/chat-server.js';
import { SILENT } from '../../src/server/log.js';
import type { ServerOptions } from '../../src/server/server-options.js';

/** Starts a server that logs nothing and has no file, unless the options say so. The caller closes it. */
export function startServer(options: Pick<ServerOptions, 'config'> & Partial<ServerOptions>): Promise<ChatServer> {
  return ChatServer.start({
    log: SILENT,
    version: '0.0.0',
    configurationName: '-',
    readConfig: () => Promise.resolve(options.config),
    onStop: () => undefined,
    ...options,
  });
}
