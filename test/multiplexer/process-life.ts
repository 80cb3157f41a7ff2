/** Whether a wait of a multiplexer keeps its process alive, seen from outside. */
import { describe, expect, test } from 'vitest';
import { runScript } from '../support/processes.js';

const preamble = `
  const { Multiplexer, Epoll, Poll, pipe, select, poll } = require('fdmux');
  const [reader, writer] = pipe();
`;

/** Runs a program that has a pipe, and waits for its end. */
export const ended = async (body: string) => {
  const { code, stdout, stderr } = await runScript(preamble + body);
  return { code, stdout, stderr };
};

export const clean = { code: 0, stdout: '', stderr: '' };

/** Defines the tests of a multiplexer that is made with these options. */
export function testProcessLife(options: string, tags: string[] = []): void {
  describe(`promise 18, lifetime: Multiplexer(${options})`, { tags }, () => {
    const open = `const mux = new Multiplexer(${options});`;

    test('a wait with nothing registered does not keep the process', async () => {
      expect(await ended(`${open} mux.run(() => {}); `)).toEqual(clean);
      expect(await ended(`${open} mux.wait(); `)).toEqual(clean);
    });

    test('a registration without a wait does not keep the process', async () => {
      expect(await ended(`${open} mux.register(reader, { interest: 'read' });`)).toEqual(clean);
    });

    test('a wait with a registration keeps the process until it is served', async () => {
      const body = `${open}
      mux.register(reader, { interest: 'read' });
      mux.wait().then((batch) => console.log(batch.length));
      setTimeout(() => writer.write('x'), 20).unref();
      setTimeout(() => {}, 0);
    `;
      expect(await ended(body)).toEqual({ ...clean, stdout: '1\n' });
    });

    test("neither an unref'd registration nor an unref'd multiplexer keeps the process; unregistering the last one ends it", async () => {
      expect(await ended(`${open} mux.register(reader, { interest: 'read' }).unref(); mux.run(() => {});`)).toEqual(
        clean,
      );
      expect(
        await ended(`${open} mux.register(reader, { interest: 'read' }); mux.run(() => {}); mux.unref();`),
      ).toEqual(clean);
      expect(
        await ended(`${open}
        const registration = mux.register(reader, { interest: 'read' });
        mux.run(() => {});
        setTimeout(() => registration.unregister(), 5);
      `),
      ).toEqual(clean);
    });

    test('a timeout keeps the process even with nothing registered', async () => {
      expect(await ended(`${open} mux.wait(20).then((batch) => console.log(batch.length));`)).toEqual({
        ...clean,
        stdout: '0\n',
      });
    });
  });
}
