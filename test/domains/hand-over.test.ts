/** A server of a domain that leaves its clients to another process. */
import { describe, expect, test } from 'vitest';
import { closeFds } from '../../src/socket/close-fds.js';
import { ask } from '../server/keeping.js';
import { startServer } from '../server/start-server.js';
import { register } from '../server/test-server.js';
import { hasOpenssl } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { Authority, TestDomain, Way } from './domains.js';

const tea = '#tea:beijing.example';

describe.skipIf(!hasOpenssl)(`a hand-over${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  test('somebody who waits for a domain that cannot be reached is answered, and moves', async () => {
    const authority = new Authority();
    const way = await Way.open();
    const links = [{ name: 'shanghai.example' }];
    const beijing = await TestDomain.start({ name: 'beijing.example', authority, rooms: ['#tea'], links });
    way.leadTo(beijing.linkPort);
    const config = await TestDomain.configure({
      name: 'shanghai.example',
      authority,
      links: [{ name: 'beijing.example', way, rooms: ['#tea'] }],
    });
    const shanghai = await startServer({ config });
    const isUp = (): boolean => shanghai.readings().domainLinks[0]?.isUp === true;
    await until(isUp, 'the link');
    const address = shanghai.listeners.find(({ protocol }) => protocol === 'irc')?.address;
    if (address?.family !== 'inet') throw new Error('no port');
    const ann = await register(address.port, 'ann');
    await ask(ann, `JOIN ${tea}`, / 366 /);
    way.cut();
    await until(() => !isUp(), 'the end of the link');
    await ask(ann, `TOPIC ${tea} :x\r\nPRIVMSG ${tea} :y\r\nPING taken`, / PONG \S+ :?taken$/);
    const estate = await shanghai.leave('the test goes on');
    closeFds(estate.clients);
    closeFds(estate.listeners);
    await shanghai.finish();
    expect(estate.clients.count).toBe(1);
  });
});
