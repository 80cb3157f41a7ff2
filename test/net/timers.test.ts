import { Multiplexer } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { Timers } from '../../src/net/timers.js';
import { catchUncaught } from '../support/connections.js';
import { until } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';

describe('timers', () => {
  function timersOn(multiplexer: Multiplexer): Timers {
    return new Timers((fd, onReady) => multiplexer.register(fd, { interest: 'read', onReady }));
  }

  test('do not make a call that another, due at the same moment, has cancelled', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer());
    const timers = timersOn(multiplexer);
    const calls: string[] = [];
    const first = timers.after(0, () => {
      calls.push('first');
      second.cancel();
    });
    const second = timers.after(0, () => {
      calls.push('second');
      first.cancel();
    });
    await until(() => {
      multiplexer.waitSync(1);
      return calls.length > 0;
    }, 'the first');
    expect(calls).toEqual(['first']);
    expect(multiplexer.size).toBe(0);
  });

  test('still make the other due calls when one throws, and hold no fd once none is left', async () => {
    const caught = catchUncaught();
    const multiplexer = disposedAtEnd(new Multiplexer());
    const timers = timersOn(multiplexer);
    const calls: string[] = [];
    timers.after(0, () => {
      throw new Error('from a timer');
    });
    timers.after(0, () => calls.push('second'));
    await until(() => {
      multiplexer.waitSync(1);
      return calls.length > 0;
    }, 'the second');
    await until(() => caught.length > 0, 'the exception');
    expect(caught).toMatchObject([{ message: 'from a timer' }]);
    expect(multiplexer.size).toBe(0);
  });
});
