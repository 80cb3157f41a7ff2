/** The advisory lock of those whose store it is. */

export const OWNER_LOCK = 0x66646d7a;
