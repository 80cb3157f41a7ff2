/** A kernel that lacks fds or memory: each refusal is an error with the kernel's reason, and leaves nothing behind. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BACKENDS } from '../multiplexer/variants.js';
import { packagePath, run } from '../support/processes.js';
import { faultShim, hasShim, type Rates } from './shim.js';

const RATES: Rates = { 'create-emfile': 1500, 'create-enfile': 700, 'create-enomem': 700, 'wait-enomem': 1000 };
/** Only epoll keeps its set in the kernel: epoll_ctl(2). */
const EPOLL_RATES: Rates = { ...RATES, 'control-enomem': 1000, 'control-enospc': 1000 };

describe.skipIf(!hasShim).each(BACKENDS)('a kernel that lacks fds and memory, on %s', (backend) => {
  const shim = faultShim();
  const rates = backend === 'epoll' ? EPOLL_RATES : RATES;

  test.each([1, 2])('seed %i: what cannot be made is refused with a reason, and no fd is left', async (seed) => {
    const args = [join(__dirname, 'exhaustion.cjs'), packagePath('dist/index.js'), backend, '300'];
    const ended = await run(process.execPath, args, { env: shim.environment(rates, seed) });
    expect(ended).toMatchObject({ stdout: 'clean\n', stderr: '', code: 0 });
  });

  test('each of the faults has been met', () => {
    expect(shim.missing(rates)).toEqual([]);
  });
});
