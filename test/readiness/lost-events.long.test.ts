/**
 * Files that report an event to the first poll alone. A sysctl file reports a write once per open file
 * (fs/proc/proc_sysctl.c, proc_sys_poll), and a test may write to the hostname of its own namespace.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { start } from '../support/processes.js';
import { WAITERS } from '../support/runtime.js';

const OWN_HOSTNAME = ['--uts', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
const canTest = existsSync('/proc/sys/kernel/hostname') && spawnSync('unshare', [...OWN_HOSTNAME, 'true']).status === 0;

const PRELUDE = `
  const { closeSync, openSync, writeFileSync } = require('node:fs');
  const { Epoll, Multiplexer, Poll, poll, select, EPOLLIN, EPOLLPRI, POLLPRI } = require('./dist/index.js');
  const FILE = '/proc/sys/kernel/hostname';
  let writes = 0;
  const change = () => writeFileSync(FILE, 'host-' + String(writes++));
  const turns = async (count) => { for (; count > 0; count -= 1) await new Promise(setImmediate); };
  const changeSoon = () => { void turns(5).then(change); };
  const opened = () => openSync(FILE, 'r');
`;

/** Runs a script that ends by printing a JSON value. */
async function printed(script: string): Promise<unknown> {
  const main = `${PRELUDE} (async () => { ${script} })().then((value) => console.log(JSON.stringify(value)));`;
  const args = [...OWN_HOSTNAME, process.execPath, '-e', main];
  const { code, stdout, stderr } = await start('unshare', args).ended();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const multiplexers = [
  ...WAITERS.map((waiter) => `{ backend: 'epoll', waiter: '${waiter}' }`),
  "{ backend: 'poll' }",
  "{ backend: 'select' }",
];

test.skipIf(!canTest).each(multiplexers)(
  'a Multiplexer of %s reports it in each asynchronous form',
  { tags: ['needs-mount-namespace'] },
  async (options) => {
    const counts = await printed(`
    const forms = {
      waitSync: (mux) => { change(); return mux.waitSync(2000).length; },
      wait: async (mux) => { changeSoon(); return (await mux.wait(2000)).length; },
      batches: async (mux) => { changeSoon(); for await (const batch of mux) return batch.length; },
      run: (mux) => new Promise((resolve) => {
        changeSoon();
        setTimeout(resolve, 2000, 0).unref();
        void mux.run((batch) => { resolve(batch.length); });
      }),
      'wait, begun before the file was added': async (mux, add) => {
        mux.close();
        const other = new Multiplexer(${options});
        const waiting = other.wait(2000);
        await turns(2);
        add(other);
        changeSoon();
        const { length } = await waiting;
        other.close();
        return length;
      },
      'waitSync after a wait whose time was up': async (mux) => {
        await mux.wait(1);
        change();
        await turns(5);
        return mux.waitSync(0).length;
      },
    };
    const counts = {};
    for (const [name, form] of Object.entries(forms)) {
      const fd = opened();
      const mux = new Multiplexer(${options});
      const add = (to) => to.register(fd, { interest: 'priority', data: 0 });
      add(mux);
      counts[name] = await form(mux, add);
      mux.close();
      closeSync(fd);
    }
    return counts;`);
    expect(counts).toEqual({
      waitSync: 1,
      wait: 1,
      batches: 1,
      run: 1,
      'wait, begun before the file was added': 1,
      'waitSync after a wait whose time was up': 1,
    });
  },
);

test.skipIf(!canTest).each(WAITERS)(
  'an Epoll with waiter %s reports it, also from a nested instance',
  { tags: ['needs-mount-namespace'] },
  async (waiter) => {
    const events = await printed(`
    const fd = opened();
    const inner = new Epoll({ waiter: '${waiter}' });
    inner.add(fd, EPOLLPRI);
    changeSoon();
    const direct = await inner.wait(2000);
    const outer = new Epoll({ waiter: '${waiter}' });
    outer.add(inner, EPOLLIN);
    changeSoon();
    const nested = await outer.wait(2000);
    outer.close();
    changeSoon();
    const adopted = Epoll.fromFd(inner.fd);
    const shared = await adopted.wait(2000);
    inner.remove(fd);
    change();
    return [direct.length, nested.length, shared.length, (await adopted.wait(1)).length];`);
    expect(events).toEqual([1, 1, 1, 0]);
  },
);

test.skipIf(!canTest)('poll(), Poll and select() report it', { tags: ['needs-mount-namespace'] }, async () => {
  const counts = await printed(`
    const fds = [opened(), opened(), opened(), opened()];
    const poller = new Poll();
    poller.register(fds[0], POLLPRI);
    const waits = [
      poller.wait(2000),
      poll([{ fd: fds[1], events: POLLPRI }], 2000),
      poll([{ fd: -1, events: 0 }, { fd: fds[2], events: POLLPRI }], 2000),
      select([], [], [fds[3]], 2000).then(({ exceptional }) => exceptional),
    ];
    changeSoon();
    return (await Promise.all(waits)).map(({ length }) => length);`);
  expect(counts).toEqual([1, 1, 1, 1]);
});

test.skipIf(!canTest)(
  'the next wait reports an event that arrived with the abort of a wait',
  { tags: ['needs-mount-namespace'] },
  async () => {
    const counts = await printed(`
    const counts = [];
    for (const options of [${multiplexers.join(', ')}]) {
      const fd = opened();
      const mux = new Multiplexer(options);
      mux.register(fd, { interest: 'priority', data: 0 });
      const stop = new AbortController();
      const waiting = mux.wait(null, { signal: stop.signal }).catch(({ name }) => name);
      await turns(5);
      change();
      stop.abort();
      counts.push(await waiting, (await mux.wait(2000)).length);
      mux.close();
      closeSync(fd);
    }
    return counts;`);
    expect(counts).toEqual(multiplexers.flatMap(() => ['AbortError', 1]));
  },
);
