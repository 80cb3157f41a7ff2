/**
 * docs/truth-table.json is what the kernel reports: every kind of fd, in every situation, on every backend, with every
 * trigger. `npm run truth-table` writes it anew.
 */
import { describe, expect, test } from 'vitest';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { useFds } from '../native/fds.js';
import { projectPath } from '../support/processes.js';
import { ASKED, type Situation, situations, words } from './situations.js';

const fds = useFds();
const all = situations(fds);

const COMBINATIONS = [
  ...(['select', 'poll'] as const).map((backend) => ({ backend, trigger: 'level' as const })),
  ...(['level', 'edge', 'oneshot', 'edge-oneshot'] as const).map((trigger) => ({ backend: 'epoll' as const, trigger })),
];

/** What the first wait reports, what the next one does if nothing was done about it, and what one after `rearm()`. */
interface Reports {
  readonly first: string;
  readonly again: string;
  readonly rearmed: string | null;
}

async function reportsOf({ make }: Situation, { backend, trigger }: (typeof COMBINATIONS)[number]): Promise<Reports> {
  const fd = await make();
  using mux = new Multiplexer<undefined>({ backend });
  const register = () => mux.register(fd, { interest: { read: true, write: true, priority: true }, trigger });
  if (!canRegister(register)) return { first: 'EPERM', again: 'EPERM', rearmed: null };
  const [registration] = [...mux];
  if (registration === undefined) throw new Error('nothing is registered');
  const report = (): string => [...mux.waitSync(0)].map(({ events }) => words(events)).join();
  const first = report();
  const again = report();
  if (!trigger.endsWith('oneshot')) return { first, again, rearmed: null };
  registration.rearm();
  return { first, again, rearmed: report() };
}

/** The kernel refuses plain files to epoll. */
function canRegister(register: () => unknown): boolean {
  try {
    register();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'EPERM' });
    return false;
  }
}

describe('the truth table as data', () => {
  test('is what this kernel reports', async () => {
    const rows: string[] = [];
    for (const situation of all) {
      for (const combination of COMBINATIONS) {
        const { fd, situation: name } = situation;
        rows.push(
          JSON.stringify({ fd, situation: name, ...combination, ...(await reportsOf(situation, combination)) }),
        );
      }
    }
    const table = `{"asked": "${words(ASKED)}", "rows": [\n${rows.join(',\n')}\n]}\n`;
    await expect(table).toMatchFileSnapshot(projectPath('docs/truth-table.json'));
  });
});
