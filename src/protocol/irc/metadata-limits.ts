/** The metadata that the server takes (IRCv3 metadata, "Keys and Values"). */

/** The most keys that somebody, or a channel, may have. */
export const MAX_METADATA_KEYS = 20;
/** The most keys that one client may subscribe to. */
export const MAX_SUBSCRIPTIONS = 50;
export const METADATA_KEY_BYTES = 64;
export const METADATA_VALUE_BYTES = 300;

/** Whether a word can be a key. */
export function isMetadataKey(key: string): boolean {
  return key.length <= METADATA_KEY_BYTES && /^[a-z0-9_./-]+$/.test(key);
}
