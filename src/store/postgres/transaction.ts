/** Several statements of which all are carried out, or none. */
import type { Run } from './link.js';

/** Runs work in a transaction, which is taken back if the work rejects. @throws errors of the database, and its own */
export async function transaction<T>(run: Run, work: () => Promise<T>): Promise<T> {
  await run({ text: 'BEGIN' });
  try {
    const result = await work();
    await run({ text: 'COMMIT' });
    return result;
  } catch (error) {
    await run({ text: 'ROLLBACK' });
    throw error;
  }
}
