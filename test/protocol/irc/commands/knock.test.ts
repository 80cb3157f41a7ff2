/** KNOCK: numerics 710 to 714 as in Solanum, 480 as in Unreal. */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

const delivered = '711 #a :Your KNOCK has been delivered.';

async function withClosedRoom(modes = '+i') {
  const server = await startIrc();
  const ann = await server.client('ann', { join: '#a' });
  const max = await server.client('max', { join: '#a' });
  await ann.ask(`MODE #a ${modes}`);
  await max.heard();
  return { server, ann, max, bob: await server.client('bob') };
}

test.each(['+i', '+k secret', '+l 1'])(
  'KNOCK on a channel with %s asks its operators, and nobody else',
  async (modes) => {
    const { ann, max, bob } = await withClosedRoom(modes);
    expect(numerics(await bob.ask('KNOCK #A :please'))).toEqual([delivered]);
    expect(await ann.heard()).toEqual([':fdmux.local 710 #a #a bob!bob@127.0.0.1 :has asked for an invite.']);
    expect(await max.heard()).toEqual([]);
    await ann.ask('INVITE bob #a');
    expect(await bob.ask('JOIN #a')).toContain(':bob!bob@127.0.0.1 JOIN #a');
  },
);

test('KNOCK is announced (ISUPPORT)', async () => {
  const ann = await (await startIrc()).connect();
  ann.send('NICK ann', 'USER ann 0 * :ann');
  expect(numerics(await ann.heard(), '005').flatMap((line) => line.split(' '))).toContain('KNOCK');
});

test('KNOCK on a channel that anybody may enter gets 713, from inside 714, on none 403', async () => {
  const { ann, max, bob } = await withClosedRoom('-i');
  expect(numerics(await bob.ask('KNOCK #a'))).toEqual(['713 #a :Channel is open.']);
  expect(numerics(await max.ask('KNOCK #a'))).toEqual(['714 #a :You are already on that channel.']);
  expect(numerics(await bob.ask('KNOCK #none'))).toEqual(['403 #none :No such channel']);
  await ann.ask('MODE #a +is');
  expect(numerics(await bob.ask('KNOCK #a'))).toEqual(['403 #a :No such channel']);
});

test('KNOCK of one who is banned gets 480, and is not heard', async () => {
  const { ann, bob } = await withClosedRoom('+ib bob');
  expect(numerics(await bob.ask('KNOCK #a'))).toEqual(['480 #a :Cannot knock on #a (you are banned)']);
  expect(await ann.heard()).toEqual([]);
});

test('KNOCK is heard once in a while from one, and a few times from all', async () => {
  const { server, ann, bob } = await withClosedRoom();
  await bob.ask('KNOCK #a');
  expect(numerics(await bob.ask('KNOCK #a'))).toEqual(['712 #a :Too many KNOCKs (user).']);
  const answers: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const guest = await server.client(`guest${index}`);
    answers.push(...numerics(await guest.ask('KNOCK #a')));
  }
  expect(answers).toEqual([...Array<string>(4).fill(delivered), '712 #a :Too many KNOCKs (channel).']);
  expect(await ann.heard()).toHaveLength(5);
});
