/** The error of a configuration that cannot be used. */

/** The configuration cannot be used. The message says where and why, one line per problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'ERR_CONFIG';
}
