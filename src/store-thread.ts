/** The entry point of the store's threads. */
import { runThread } from './store/thread.js';

runThread();

export {}; // To the compiler a file that only imports is CommonJS, and so would be all that it imports.
