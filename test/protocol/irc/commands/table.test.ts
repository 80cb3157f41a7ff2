/**
 * Each command obeys its row in the table of commands: when it may be used, how many parameters it needs, and by whom.
 */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../../../src/protocol/irc/commands.js';
import { numerics, startIrc } from '../irc-client.js';

const rows = [...COMMANDS].map(([name, command]) => ({ name, ...command }));

test('every command has its file here', () => {
  const files = readdirSync(__dirname).map((file) => file.replace(/\.test\.ts$/, ''));
  expect(files.filter((file) => file !== 'table').sort()).toEqual(rows.map(({ name }) => name.toLowerCase()).sort());
});

test('those for registered clients get 451 before (modern, "ERR_NOTREGISTERED")', async () => {
  const eve = await (await startIrc()).connect();
  for (const { name } of rows.filter(({ when }) => when === 'registered')) {
    expect(numerics(await eve.ask(`${name} a b c d`))).toEqual(['451 :You have not registered']);
  }
});

test('those of registration get 462 after it (modern, "ERR_ALREADYREGISTERED")', async () => {
  const ann = await (await startIrc()).client('ann');
  const names = rows.filter(({ when }) => when === 'registering').map(({ name }) => name);
  expect(names).toEqual(['WEBIRC', 'PASS', 'USER']);
  for (const name of names) expect(numerics(await ann.ask(`${name} a b c d`))).toEqual(['462 :You may not reregister']);
});

test('one parameter too few gets 461 (modern, "ERR_NEEDMOREPARAMS")', async () => {
  const server = await startIrc({ irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }] } });
  const ann = await server.client('ann');
  await ann.ask('OPER root pw');
  const eve = await server.connect();
  for (const { name, minParams, when } of rows.filter((row) => row.minParams > 0)) {
    const params = Array.from({ length: minParams - 1 }, () => ' x').join('');
    const answer = await (when === 'registering' ? eve : ann).ask(`${name}${params}`);
    expect(numerics(answer)).toEqual([`461 ${name} :Not enough parameters`]);
  }
});

test('those for operators are refused to others with 481 (modern, "ERR_NOPRIVILEGES")', async () => {
  const ann = await (await startIrc()).client('ann');
  const names = rows.filter(({ privilege }) => privilege !== undefined).map(({ name }) => name);
  expect(names).toEqual(['KILL', 'KLINE', 'UNKLINE', 'DLINE', 'UNDLINE', 'WALLOPS', 'GLOBAL', 'REHASH', 'DIE']);
  for (const name of names) {
    expect(numerics(await ann.ask(`${name} x`))).toEqual(["481 :Permission Denied- You're not an IRC operator"]);
  }
});
