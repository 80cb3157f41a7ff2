/** What runs in the threads of the store. */
import { runThread } from './store/thread.js';

runThread();
