/** What runs in the threads of the store. */
import { runThread } from './store/thread.js';

runThread();

export {}; // To the compiler a file that only imports is CommonJS, and so would be all that it imports.
