/** Opens, closes and reuses fds while events arrive, each with a message that names its registration. */
import { expect } from 'vitest';
import { native } from '../../src/binding/load.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import type { Registration } from '../../src/multiplexer/registration.js';
import { fill } from '../native/fds.js';
import { disposedAtEnd } from '../support/fds.js';
import { seeded } from '../support/random.js';

interface Slot {
  readonly fd: number;
  readonly writer: number;
  readonly id: number;
}

/**
 * Opens `cycles` fds, some of them with duplicates that live on, and checks that each event reaches its own
 * registration.
 */
export function reuseFds(cycles: number): void {
  const random = seeded(20_261_121);
  const mux = disposedAtEnd(new Multiplexer<Slot>());
  const live: Registration<Slot>[] = [];
  const duplicates: number[] = [];
  const buffer = new Uint8Array(8);
  let id = 0;
  let delivered = 0;

  const openOne = () => {
    const [fd, writer] = native.pipe(true);
    live.push(
      mux.register(fd, {
        interest: 'read',
        trigger: random() < 0.5 ? 'level' : 'edge',
        data: { fd, writer, id: id++ },
      }),
    );
  };
  const closeOne = () => {
    const index = Math.floor(random() * live.length);
    const registration = live[index];
    if (registration === undefined) return;
    live.splice(index, 1);
    const { fd, writer } = registration.data;
    // The bytes are left unread: the duplicate keeps the description ready under a number that is free.
    if (random() < 0.3) fill(writer, String(registration.data.id).padStart(8, '0'));
    if (random() < 0.1) duplicates.push(native.duplicate(fd));
    if (random() < 0.5) {
      registration.unregister();
      native.close(fd);
    } else {
      native.close(fd);
      registration.unregister();
    }
    native.close(writer);
    if (duplicates.length > 20) native.close(duplicates.shift() ?? -1);
  };

  for (let cycle = 0; cycle < cycles; cycle += 1) {
    openOne();
    const target = live[Math.floor(random() * live.length)];
    if (target !== undefined) fill(target.data.writer, String(target.data.id).padStart(8, '0'));
    if (cycle % 8 === 0) {
      for (const { data } of mux.waitSync(0)) {
        for (;;) {
          const count = native.read(data.fd, buffer, 0, 8);
          if (count <= 0) break;
          expect(Buffer.from(buffer).toString('latin1')).toBe(String(data.id).padStart(8, '0'));
          delivered += 1;
        }
      }
    }
    while (live.length > 16) closeOne();
  }
  while (live.length > 0) closeOne();
  for (const duplicate of duplicates) native.close(duplicate);
  expect(delivered).toBeGreaterThan(cycles / 10);
  expect(mux.size).toBe(0);
}
