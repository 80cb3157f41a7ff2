/**
 * The chat server for programs that bring their own command line: `import { startChatServer } from 'fdmux/chat'`.
 *
 * @module fdmux/chat
 */

// The chat server
export type { Charset, CharsetChoice } from './protocol/charset.js';
export { ConfigError } from './server/config/config-error.js';
export { ListenError } from './server/listen-error.js';
export type { OpenListener } from './server/listeners.js';
export type { Log } from './server/log.js';
export { type ChatServerEnd, type ChatServerOptions, type RunningChatServer, startChatServer } from './server/start.js';
