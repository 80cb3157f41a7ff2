/** The permissions that fdmux needs under Deno, which is fetched once, into .cache/. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { FETCH_DEADLINE_MS, fetched } from '../support/fetched.js';
import { installedPackage } from '../support/installed-package.js';
import { projectPath } from '../support/processes.js';

const installed = installedPackage();

/** The flags that the README names. */
const flags = (/^\| Deno \(`([^`]+)`\)/m.exec(readFileSync(projectPath('README.md'), 'utf8'))?.[1] ?? '').split(' ');

let deno: string | undefined;

beforeAll(async () => {
  const folder = await fetched('deno');
  if (folder !== undefined) deno = join(folder, 'deno');
}, 2 * FETCH_DEADLINE_MS);

/** Runs a program that uses each layer and reports its outcome. */
async function runProgram({ skip }: TestContext, denoFlags: readonly string[]): Promise<string> {
  if (deno === undefined) skip('Deno cannot be fetched');
  const source = `
    import { Multiplexer, connect, listen, pipe, pollSync } from 'fdmux';
    console.log('imported');
    try {
      pollSync([], 0);
      const mux = new Multiplexer();
      const [reader, writer] = pipe();
      mux.register(reader, { interest: 'read', data: 'pipe' });
      writer.write('x');
      const [{ data }] = await mux.wait();
      const listener = await listen({ port: 0, socket: { data: (connection, bytes) => connection.end(bytes) } });
      const socket = { data: (_, bytes) => console.log(data, String(bytes)), close: () => listener.close() };
      (await connect({ port: listener.address.port, socket })).write('echo');
      for (const each of [mux, reader, writer]) each.close();
    } catch (error) {
      console.log(error.code, error.message);
    }
  `;
  const runtime = [deno ?? '', 'run', '--no-prompt', ...denoFlags];
  const { stdout, stderr } = await installed().run('program.mjs', source, { runtime, env: { NO_COLOR: '1' } });
  return stdout + stderr;
}

test('with the flags of the README every layer works', async (context) => {
  expect(flags.length).toBeGreaterThan(1);
  expect(await runProgram(context, flags)).toBe('imported\npipe echo\n');
});

describe('without one of them importing is safe, and a call names it', () => {
  test.for(flags)('%s', async (flag, context) => {
    const [name = ''] = flag.split('=');
    const others = flags.filter((each) => each !== flag);
    expect(await runProgram(context, others)).toMatch(
      new RegExp(`^imported\nERR_UNSUPPORTED_PLATFORM .*Deno needs ${name}=\\S*/node_modules/fdmux\\b`),
    );
  });
});
