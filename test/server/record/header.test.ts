import { expect, test } from 'vitest';
import { parseWithMaps, withoutSecrets } from '../../../src/server/record/header.js';

test('a configuration is written without what nobody may read, and read with its maps', () => {
  const kept = { irc: { accounts: { requireEmail: true } }, history: { rooms: new Map([['#a', 7]]) } };
  const secret = {
    operators: [{ name: 'chief', password: 'hunter2' }],
    cloak: { secret: 'hunter2' },
    tls: { key: 'hunter2', passphrase: 'hunter2' },
    store: { kind: 'postgres', url: 'postgres://fdmux:hunter2@host/fdmux', logs: { url: 'redis://:hunter2@host' } },
    mail: { emailCommand: ['/usr/bin/send', '--key', 'hunter2'] },
  };
  const text = JSON.stringify(withoutSecrets({ ...kept, ...secret }));
  expect(text).not.toContain('hunter2');
  expect(parseWithMaps(text)).toMatchObject({
    ...kept,
    operators: [{ name: 'chief', password: '(masked)' }],
    mail: { emailCommand: ['/usr/bin/send', '(masked)', '(masked)'] },
  });
});
