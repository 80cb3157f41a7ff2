/** Who asks for an upgrade when there can be none. */
import { expect, onTestFinished, test } from 'vitest';
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
