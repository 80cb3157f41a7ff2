/** REDACT: IRCv3 message-redaction. */
import { describe, expect, test } from 'vitest';
import { type IrcClient, numerics, startIrc, tagsOf, untagged } from '../irc-client.js';

const caps = 'message-tags echo-message batch labeled-response draft/message-redaction';
const operator = { name: 'root', password: 'pw', masks: ['*@*'], host: null };
const failed = (rest: string) => `:fdmux.local FAIL REDACT ${rest}`;

async function withRoom() {
  const server = await startIrc({ irc: { operators: [operator] } });
  const ann = await server.client('ann', { caps, join: '#channel' });
  const bob = await server.client('bob', { caps, join: '#channel' });
  const old = await server.client('old', { caps: 'message-tags', join: '#channel' });
  await ann.heard();
  await bob.heard();
  return { server, ann, bob, old };
}

/** Says something, and returns the id that its echo has. */
async function say(client: IrcClient, line: string): Promise<string> {
  const [echo = ''] = await client.ask(line);
  return tagsOf(echo)['msgid'] ?? expect.fail('no id');
}

describe('examples of the specification', () => {
  test('deleting a PRIVMSG', async () => {
    const { ann, bob, old } = await withRoom();
    const id = await say(bob, 'PRIVMSG #channel :an example');
    await ann.heard();
    await old.heard();
    const redacted = [`:bob!bob@127.0.0.1 REDACT #channel ${id} :bad example`];
    const echo = await bob.ask(`REDACT #channel ${id} :bad example`);
    expect(untagged(echo)).toEqual(redacted);
    const lines = await ann.heard();
    expect(untagged(lines)).toEqual(redacted);
    expect(tagsOf(lines[0] ?? '')['msgid']).toMatch(/./);
    expect(tagsOf(lines[0] ?? '')['msgid']).not.toBe(id);
    expect(await old.heard()).toEqual([]);
  });

  test('deleting a TAGMSG', async () => {
    const { bob } = await withRoom();
    const id = await say(bob, '@+draft/react=🤞 TAGMSG #channel');
    expect(untagged(await bob.ask(`REDACT #channel ${id}`))).toEqual([`:bob!bob@127.0.0.1 REDACT #channel ${id}`]);
  });

  test("deleting someone else's PRIVMSG", async () => {
    const { ann, bob } = await withRoom();
    const id = await say(bob, 'PRIVMSG #channel :join my network for cold hard chats');
    await ann.heard();
    const redacted = [`:ann!ann@127.0.0.1 REDACT #channel ${id} spam`.replace(' spam', ' :spam')];
    expect(untagged(await ann.ask(`REDACT #channel ${id} spam`))).toEqual(redacted);
    expect(untagged(await bob.heard())).toEqual(redacted);
  });
});

test('only the author and those with a rank may redact in a channel', async () => {
  const { ann, bob } = await withRoom();
  const id = await say(ann, 'PRIVMSG #channel :mine');
  await bob.heard();
  expect(await bob.ask(`REDACT #channel ${id}`)).toEqual([
    failed(`REDACT_FORBIDDEN #channel ${id} :You are not authorised to delete this message`),
  ]);
  expect(await ann.heard()).toEqual([]);
  await ann.ask('MODE #channel +h bob');
  await bob.heard();
  expect(untagged(await bob.ask(`REDACT #channel ${id}`))).toEqual([`:bob!bob@127.0.0.1 REDACT #channel ${id}`]);
});

test.each(['nonsense', 'x-1', '1-0', '1-1.5', '1--', 'z'.repeat(200), '1-zzzzzzzzzzz'])(
  'the id %s is unknown',
  async (id) => {
    const { ann } = await withRoom();
    expect(await ann.ask(`REDACT #channel ${id}`)).toEqual([
      failed(`UNKNOWN_MSGID #channel ${id} :This message does not exist or is too old`),
    ]);
  },
);

test('a message is redacted once, and what is too old is unknown', async () => {
  const { ann } = await withRoom();
  const [first, second] = [await say(ann, 'PRIVMSG #channel :1'), await say(ann, 'PRIVMSG #channel :2')];
  expect(await ann.ask(`REDACT #channel ${second}`)).toHaveLength(1);
  expect((await ann.ask(`REDACT #channel ${second}`))[0]).toContain('UNKNOWN_MSGID');
  await ann.ask(...Array.from({ length: 500 }, () => 'PRIVMSG #channel :x'));
  expect((await ann.ask(`REDACT #channel ${first}`))[0]).toContain('UNKNOWN_MSGID');
});

test('an id of another channel is unknown, whoever asks', async () => {
  const { ann, bob } = await withRoom();
  await ann.ask('JOIN #own');
  const id = await say(bob, 'PRIVMSG #channel :x');
  expect((await ann.ask(`REDACT #own ${id}`)).at(-1)).toContain(`UNKNOWN_MSGID #own ${id}`);
});

test('outsiders have no target, but for the message that they have said; an operator may help any channel', async () => {
  const { server, ann, bob } = await withRoom();
  const id = await say(bob, 'PRIVMSG #channel :x');
  const eve = await server.client('eve', { caps });
  const invalid = (target: string) => failed(`INVALID_TARGET ${target} :You cannot delete messages from ${target}`);
  expect(await eve.ask(`REDACT #channel ${id}`)).toEqual([invalid('#channel')]);
  expect(await eve.ask(`REDACT #none ${id}`)).toEqual([invalid('#none')]);
  expect(await eve.ask(`REDACT nobody ${id}`)).toEqual([invalid('nobody')]);
  await ann.ask('MODE #channel -n');
  const own = await say(eve, 'PRIVMSG #channel :oops');
  expect(untagged(await eve.ask(`REDACT #channel ${own}`))).toEqual([`:eve!eve@127.0.0.1 REDACT #channel ${own}`]);
  await eve.ask('OPER root pw');
  await bob.heard();
  const redacted = [`:eve!eve@127.0.0.1 REDACT #channel ${id} :spam`];
  expect(untagged(await eve.ask(`REDACT #channel ${id} :spam`))).toEqual(redacted);
  expect(untagged(await bob.heard())).toEqual(redacted);
});

test('a private message is redacted by its author, to the one who got it', async () => {
  const { server, ann, bob } = await withRoom();
  const eve = await server.client('eve', { caps });
  const id = await say(ann, 'PRIVMSG bob :secret');
  await bob.heard();
  expect((await bob.ask(`REDACT ann ${id}`))[0]).toContain(`REDACT_FORBIDDEN ann ${id}`);
  expect((await eve.ask(`REDACT bob ${id}`))[0]).toContain(`UNKNOWN_MSGID bob ${id}`);
  expect((await ann.ask(`REDACT eve ${id}`))[0]).toContain(`UNKNOWN_MSGID eve ${id}`);
  const redacted = [`:ann!ann@127.0.0.1 REDACT bob ${id}`];
  expect(untagged(await ann.ask(`REDACT bob ${id}`))).toEqual(redacted);
  expect(untagged(await bob.heard())).toEqual(redacted);
  expect(await eve.heard()).toEqual([]);
});

test('one who may not speak takes a message back without a word', async () => {
  const { ann, bob } = await withRoom();
  const id = await say(bob, 'PRIVMSG #channel :x');
  await ann.ask('MODE #channel +m');
  await bob.heard();
  expect(untagged(await bob.ask(`REDACT #channel ${id} :shout`))).toEqual([`:bob!bob@127.0.0.1 REDACT #channel ${id}`]);
});

test('REDACT is unknown to clients that have not asked for it', async () => {
  const { old } = await withRoom();
  expect(numerics(await old.ask('REDACT #channel x'))).toEqual(['421 REDACT :Unknown command']);
});

test('a message of several lines is one to take back', async () => {
  const { server, ann } = await withRoom();
  const max = await server.client('max', { caps: `${caps} draft/multiline`, join: '#channel' });
  await ann.heard();
  const [opening = ''] = await max.ask(
    'BATCH +1 draft/multiline #channel',
    '@batch=1 PRIVMSG #channel :a',
    '@batch=1 PRIVMSG #channel :b',
    'BATCH -1',
  );
  const { msgid } = tagsOf(opening);
  await ann.heard();
  await max.ask(`REDACT #channel ${msgid}`);
  expect(untagged(await ann.heard())).toEqual([`:max!max@127.0.0.1 REDACT #channel ${msgid}`]);
});
