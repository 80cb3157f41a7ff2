/** Who asks for an upgrade when there can be none. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { Successor } from '../../src/cli/successor.js';
import { UpgradeRequest } from '../../src/cli/upgrade-request.js';

function requestOf(obstacle: string | null): { request: UpgradeRequest; errors: string[] } {
  const errors: string[] = [];
  const nothing = (): void => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: (event: string): void => void errors.push(event) };
  const request = new UpgradeRequest({ log, obstacle, kept: null });
  onTestFinished(() => {
    request.dispose();
  });
  return { request, errors };
}

test('a server that needs a restart says why, to each one who asks', async () => {
  const { request, errors } = requestOf('it is recorded');
  const refused = {
    code: 'ERR_CONTROL_REFUSED',
    message: 'not upgraded: this server needs a restart: it is recorded',
  };
  await expect(request.ask()).rejects.toMatchObject(refused);
  await expect(request.ask()).rejects.toMatchObject(refused);
  expect(errors).toEqual(Array(2).fill('not upgraded: this server needs a restart'));
});

test('a server that ends starts no process', async () => {
  const { request } = requestOf(null);
  request.dispose();
  await expect(request.ask()).rejects.toMatchObject({
    code: 'ERR_CONTROL_REFUSED',
    message: 'not upgraded: the server ends',
  });
  expect(process.listenerCount('SIGUSR2')).toBe(0);
});

/** Has the start of a new process end so, without one. */
function startsOf(started: Promise<Successor>): void {
  const spy = vi.spyOn(Successor, 'start').mockReturnValue(started);
  onTestFinished(() => {
    spy.mockRestore();
  });
}

test('a node that strays learns whether a new process is being started, and waits for it', async () => {
  const { request } = requestOf(null);
  expect(await request.underWay).toBeNull();
  const successor: Successor = Object.create(Successor.prototype);
  startsOf(Promise.resolve(successor));
  void request.ask();
  const { underWay } = request;
  expect(await underWay).toBe(successor);
  expect(await request.successor).toBe(successor);
});

test('a new process that does not start is not waited for any more', async () => {
  const { request } = requestOf(null);
  startsOf(Promise.reject(new Error('a fault')));
  const asked = request.ask();
  const { underWay } = request;
  await expect(asked).rejects.toMatchObject({ code: 'ERR_CONTROL_FAILED' });
  expect(await underWay).toBeNull();
  expect(await request.underWay).toBeNull();
});
