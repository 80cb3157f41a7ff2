/** Choices of the configuration file that the command line names too. */
import { BACKEND_NAMES, type BackendName } from '../../multiplexer/backend.js';

/** Oldest first, as the command line lists them. */
export const BACKENDS: readonly BackendName[] = BACKEND_NAMES.toReversed();
/** A day: the longest time that a server drains. */
export const MAX_DRAIN_MS = 86_400_000;
export const DEFAULT_HOST = '127.0.0.1';
