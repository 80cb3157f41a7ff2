import { expect, test } from 'vitest';
import { foldCase } from '../../../src/chat/case-mapping.js';
import { Chat } from '../../../src/chat/chat.js';
import type { Member } from '../../../src/chat/member.js';
import type { Shelf } from '../../../src/history/line.js';
import { LineRecorder } from '../../../src/server/history/line-recorder.js';

test('the history of everybody is removed who leaves with a lost node', () => {
  const chat = new Chat();
  const [own, other] = ['192.0.2.1', '192.0.2.2'].map((host) => chat.receive({ host, outlet: null }));
  if (own === undefined || other === undefined) expect.fail();
  const cleared: Shelf[] = [];
  const never = (): never => expect.fail('nothing is recorded');
  const shelves = { keeps: never, record: never, redact: never, clear: (shelf: Shelf) => void cleared.push(shelf) };
  const quit = (member: Member) => ({ kind: 'quit', atMs: 1, member, reason: '' }) as const;
  const lost = {
    kind: 'lost',
    node: 'a.1',
    quits: [quit(own)],
    partings: [quit(other)],
    moved: [],
    changes: [],
  } as const;
  new LineRecorder(shelves, foldCase).record('d', lost);
  expect(cleared).toEqual([`s:${own.session}`, `s:${other.session}`]);
});
