/** The JavaScript loaded twice over one addon, as by module resets, bundles, or CommonJS beside ES modules. */
import { expect, test } from 'vitest';
import { start } from '../support/processes.js';

const PRELUDE = `
  const load = () => {
    for (const key of Object.keys(require.cache)) if (key.endsWith('.js')) delete require.cache[key];
    return require('./dist/index.js');
  };
  const one = load();
`;

async function printed(script: string): Promise<unknown> {
  const main = `${PRELUDE} (async () => { ${script} })().then((value) => console.log(JSON.stringify(value)));`;
  const { code, stdout, stderr } = await start(process.execPath, ['-e', main]).ended();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const endOfBoth = async (options: string): Promise<void> => {
  const result = await printed(`
      const begin = (copy, data) => {
        const mux = new copy.Multiplexer(${options});
        const [reader, writer] = copy.pipe();
        mux.register(reader, { interest: 'read', data });
        return { mux, writer, wait: () => mux.wait().then((batch) => batch.map((ready) => ready.data)) };
      };
      const first = begin(one, 1);
      const early = first.wait();
      const two = load();
      const second = begin(two, 2);
      const late = second.wait();
      const third = begin(one, 3);
      const again = third.wait();
      for (const { writer } of [third, second, first]) writer.write('x');
      const all = await Promise.all([early, late, again]);
      for (const { mux } of [first, second, third]) mux.close();
      return [one.Multiplexer !== two.Multiplexer, all];`);
  expect(result).toEqual([true, [[1], [2], [3]]]);
};

test.each(["{ waiter: 'thread' }", "{ backend: 'poll' }", "{ backend: 'select' }"])(
  'waits of both copies end on %s, whichever began first',
  endOfBoth,
);

test(
  "waits of both copies end on { waiter: 'uv' }, whichever began first",
  { tags: ['needs-epoll', 'needs-uv-poll'] },
  () => endOfBoth("{ waiter: 'uv' }"),
);

test('when one copy enlarges the event buffer, the other one still reads the right events', async () => {
  const result = await printed(`
    const small = new one.Epoll();
    const [, writer] = one.pipe();
    small.add(writer, one.EPOLLOUT);
    small.waitSync(0);
    const two = load();
    const large = new two.Epoll();
    for (let count = 0; count < 200; count += 1) large.add(two.pipe()[1], two.EPOLLOUT);
    const many = large.waitSync(0).length;
    const [, other] = one.pipe();
    small.remove(writer);
    small.add(other, one.EPOLLOUT);
    return [many, small.waitSync(0).map(({ fd }) => fd === other.fd)];`);
  expect(result).toEqual([200, [true]]);
});
