/** Programs of examples/ under test. */
import { projectPath, run, start, type TestProcess } from './processes.js';

export const script = projectPath('scripts/example.mjs');
export const CTIME = String.raw`\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\]`;

export const startExample = (...args: readonly string[]): TestProcess => start(process.execPath, [script, ...args]);

export const runExample = (...args: readonly string[]): ReturnType<typeof run> =>
  run(process.execPath, [script, ...args]);

/** Starts a server on a free port. */
export async function serve(name: string, ...args: readonly string[]): Promise<{ server: TestProcess; port: number }> {
  const server = startExample(name, ...args);
  const [, port] = await server.line(/on 127\.0\.0\.1:(\d+)/);
  return { server, port: Number(port) };
}
