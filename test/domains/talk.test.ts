import { describe, expect, test } from 'vitest';
import { ask } from '../server/keeping.js';
import { msgidOf } from '../server/nodes/nodes.js';
import { hasOpenssl } from '../support/certificates.js';
import { Authority, QUICK, ROUND, startPair, talk, talkOf } from './domains.js';

describe.skipIf(!hasOpenssl)(`people of two domains${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  const authority = new Authority();

  test('they meet in a room of one, talk both ways, and see each other come and go', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    expect(await ask(ann, 'JOIN #tea:beijing.example', / 353 /)).toMatch(/ #tea:beijing\.example :.*@bob\/beijing/);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN #tea/);
    await ask(ann, 'PRIVMSG #tea:beijing.example :hello', /:ann!\S+ PRIVMSG #tea:beijing\.example :hello/);
    await bob.lineLike(/:ann\/shanghai!\S+ PRIVMSG #tea :hello/);
    await ask(bob, 'PRIVMSG #tea :welcome', /:bob!\S+ PRIVMSG #tea :welcome/);
    await ann.lineLike(/:bob\/beijing!\S+ PRIVMSG #tea:beijing\.example :welcome/);
    await ask(ann, 'NICK anna', /:ann!\S+ NICK :?anna/);
    await bob.lineLike(/:ann\/shanghai!\S+ NICK :?anna\/shanghai/);
    await ask(bob, 'NICK bobby', /:bob!\S+ NICK :?bobby/);
    await ann.lineLike(/:bob\/beijing!\S+ NICK :?bobby\/beijing/);
    await ask(ann, 'PART #tea:beijing.example :bye', /:anna!\S+ PART #tea:beijing\.example/);
    await bob.lineLike(/:anna\/shanghai!\S+ PART #tea/);
  });

  test('a topic, modes, kicks and bans hold on both sides, for people of both', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    await ask(bob, 'TOPIC #tea :green', / TOPIC #tea :green/);
    await ann.lineLike(/:bob\/beijing!\S+ TOPIC #tea:beijing\.example :green/);
    await ask(ann, 'TOPIC #tea:beijing.example :red', / 482 ann #tea:beijing\.example /);
    await ask(bob, 'MODE #tea +o ann/shanghai', /MODE #tea \+o ann\/shanghai/);
    await ann.lineLike(/:bob\/beijing!\S+ MODE #tea:beijing\.example \+o ann/);
    await ask(ann, 'TOPIC #tea:beijing.example :red', /:ann!\S+ TOPIC #tea:beijing\.example :red/);
    await bob.lineLike(/:ann\/shanghai!\S+ TOPIC #tea :red/);
    const joe = await shanghai.irc('joe');
    await ask(joe, 'JOIN #tea:beijing.example', / 366 /);
    expect(await ask(joe, 'TOPIC #tea:beijing.example', / 333 /)).toMatch(/ 333 joe #tea:beijing\.example ann!/);
    await bob.lineLike(/:joe\/shanghai!\S+ JOIN/);
    await ask(bob, 'MODE #tea +b joe/shanghai!*@*', /MODE #tea \+b joe\/shanghai!\*@\*/);
    await ask(joe, 'PRIVMSG #tea:beijing.example :?', / 404 joe #tea:beijing\.example /);
    await ask(ann, 'KICK #tea:beijing.example joe :out', /:ann!\S+ KICK #tea:beijing\.example joe :out/);
    await joe.lineLike(/:ann!\S+ KICK #tea:beijing\.example joe :out/);
    await bob.lineLike(/:ann\/shanghai!\S+ KICK #tea joe\/shanghai :out/);
    await ask(joe, 'JOIN #tea:beijing.example', / 474 joe #tea:beijing\.example /);
    await ask(bob, 'WHOIS ann/shanghai', / 311 bob ann\/shanghai /);
    await ask(bob, 'KICK #tea ann/shanghai :you too', /KICK #tea ann\/shanghai :you too/);
    await ann.lineLike(/:bob\/beijing!\S+ KICK #tea:beijing\.example ann :you too/);
  });

  test('people of another domain are found, described by their domain, and invited by the home', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann, joe] = [await beijing.irc('bob'), await shanghai.irc('ann'), await shanghai.irc('joe')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    expect(await ask(bob, 'WHO ann/shanghai', / 352 /)).toMatch(/ #tea ann \S+ shanghai\.example ann\/shanghai H :1 /);
    expect(await ask(bob, 'WHOIS ann/shanghai', / 312 /)).toMatch(/ ann\/shanghai shanghai\.example :Another domain/);
    // Nobody here knows for how long it has been idle.
    expect(await bob.line()).toMatch(/ 318 bob ann\/shanghai /);
    await ask(bob, 'INVITE ann/shanghai #tea', / 443 bob ann\/shanghai #tea /);
    await ask(bob, 'INVITE joe/shanghai #tea', / 401 bob joe\/shanghai /);
    await ask(bob, 'MODE #tea +i', /MODE #tea \+i/);
    await ask(joe, 'KNOCK #tea:beijing.example', / 711 joe /);
    await bob.lineLike(/ 710 #tea #tea joe\/shanghai!/);
    await ask(bob, 'INVITE joe/shanghai #tea', / 341 bob joe\/shanghai #tea/);
    await joe.lineLike(/:bob\/beijing!\S+ INVITE joe #tea:beijing\.example/);
    await ask(joe, 'JOIN #tea:beijing.example', / 366 /);
    // Only the home can do that, and only for rooms that both have.
    await ask(ann, 'INVITE bob/beijing #tea:beijing.example', / 401 ann bob\/beijing /);
    await ask(bob, 'JOIN #own', / 366 /);
    await ask(bob, 'INVITE ann/shanghai #own', / 401 bob ann\/shanghai /);
  });

  test('both speak at once, and all read one order, each line once', async () => {
    const { beijing, shanghai } = await startPair(authority, {
      beijing: { settings: QUICK },
      shanghai: { settings: QUICK },
    });
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    const read: string[][] = [[], []];
    // A few at a time: nobody may have more than 50 on their way.
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([bob.write(talk('#tea', 'bob', round)), ann.write(talk('#tea:beijing.example', 'ann', round))]);
      read[0]?.push(...(await talkOf(bob, 2 * ROUND)));
      read[1]?.push(...(await talkOf(ann, 2 * ROUND)));
    }
    expect(read[1]).toEqual(read[0]);
    for (const who of ['bob', 'ann']) {
      const own = read[0]?.filter((line) => line.startsWith(who));
      expect(own).toEqual(Array.from({ length: 10 * ROUND }, (_, index) => `${who} ${index}`));
    }
  });

  test('somebody who quits has left the room, on both sides', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    const joe = await shanghai.irc('joe');
    await ask(joe, 'JOIN #tea:beijing.example', / 366 /);
    await joe.write('QUIT :bye\r\n');
    await ann.lineLike(/:joe!\S+ QUIT /);
    await bob.lineLike(/:joe\/shanghai!\S+ PART #tea /);
    await ask(bob, 'KICK #tea joe/shanghai', / 441 bob joe\/shanghai #tea /);
    await bob.write('QUIT :bye\r\n');
    await ann.lineLike(/:bob\/beijing!\S+ PART #tea:beijing\.example /);
    await ask(ann, 'NAMES #tea:beijing.example', / 353 ann \S #tea:beijing\.example :ann\r?$/);
  });

  test('what is said can be taken back by its id on either side', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    for (const peer of [bob, ann]) await ask(peer, 'CAP REQ :draft/message-redaction', /ACK/);
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    const own = await ask(ann, 'PRIVMSG #tea:beijing.example :oops', /:oops/);
    const there = await bob.lineLike(/:oops/);
    expect(msgidOf(own)).toBe(`beijing.example.${msgidOf(there)}`);
    await ask(ann, `REDACT #tea:beijing.example ${msgidOf(own)} :typo`, /REDACT #tea:beijing\.example /);
    expect(await bob.lineLike(/REDACT #tea /)).toContain(` REDACT #tea ${msgidOf(there)} `);
  });

  test('rooms are in lists on both sides, and each domain has rooms for the other', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(ann, 'JOIN #boats', / 366 /);
    await ask(bob, 'JOIN #boats:shanghai.example', / 366 /);
    await ann.lineLike(/:bob\/beijing!\S+ JOIN #boats/);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    await ask(ann, 'PRIVMSG #boats :ahoy', / PRIVMSG #boats :ahoy/);
    await bob.lineLike(/:ann\/shanghai!\S+ PRIVMSG #boats:shanghai\.example :ahoy/);
    await ask(ann, 'LIST', / 322 ann #tea:beijing\.example 1 /);
  });

  test.each([
    ['#tea:nowhere.example', 'UNKNOWN_DOMAIN'],
    ['#tea:shanghai.example', 'UNKNOWN_DOMAIN'],
    // Shared there, and not entered from here; the other way round.
    ['#ops:beijing.example', 'ROOM_NOT_SHARED'],
    ['#secret:beijing.example', 'ROOM_NOT_SHARED'],
  ])('%s cannot be entered: %s', async (name, code) => {
    const { shanghai } = await startPair(authority);
    const ann = await shanghai.irc('ann');
    await ask(ann, `JOIN ${name}`, new RegExp(` 403 ann ${name} `));
    await ask(ann, 'CAP REQ standard-replies', /ACK/);
    await ask(ann, `JOIN ${name}`, new RegExp(` ${code} `));
    await ask(ann, `PRIVMSG ${name} :?`, new RegExp(` (?:401|403|404) ann ${name} `));
  });

  test('nobody is an operator of another domain, or has one of its accounts', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'OPER root secret', / 381 /);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    await ask(ann, 'KICK #tea:beijing.example bob/beijing', / 482 ann #tea:beijing\.example /);
    await bob.write('WHOIS ann/shanghai\r\n');
    await bob.lineLike(/ 312 bob ann\/shanghai /);
    // Otherwise it would be told that she is an operator first.
    expect(await bob.line()).toMatch(/ 318 bob ann\/shanghai /);
    await ask(bob, 'PRIVMSG joe/shanghai :psst', / 401 bob joe\/shanghai /);
    await ask(ann, 'RENAME #tea:beijing.example #coffee', / CANNOT_RENAME | 482 /);
  });

  test('accounts are called by their domains', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'REGISTER * * secret-words', / REGISTER SUCCESS /);
    await ask(ann, 'JOIN #tea:beijing.example', / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    await ask(bob, 'WHOIS ann/shanghai', / 330 bob ann\/shanghai ann@shanghai\.example /);
  });
});
