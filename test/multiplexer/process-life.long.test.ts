/** Each waiter starts a dozen processes. */
import { testProcessLife } from './process-life.js';

testProcessLife(`{ backend: 'epoll', waiter: 'uv' }`, ['needs-uv-poll']);
testProcessLife(`{ backend: 'epoll', waiter: 'thread' }`);
testProcessLife(`{ backend: 'poll' }`);
testProcessLife(`{ backend: 'select' }`);
