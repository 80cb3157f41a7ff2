/**
 * The program of the store's threads. The build has another line here: a process that still runs when a later build
 * has taken the place of its own starts its own threads.
 */
import { join } from 'node:path';
import { root } from '../binding/find.js';

export const threadFile: string = join(root, 'dist', 'store-thread.js');
