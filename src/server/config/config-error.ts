/** The error of a configuration that cannot be used. */

/** The configuration cannot be used; the message says where and why, one problem a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'ERR_CONFIG';
}
