/** Each waiter starts a dozen processes. */
import { testProcessLife } from './process-life.js';

[
  `{ backend: 'epoll', waiter: 'uv' }`,
  `{ backend: 'epoll', waiter: 'thread' }`,
  `{ backend: 'poll' }`,
  `{ backend: 'select' }`,
].forEach(testProcessLife);
