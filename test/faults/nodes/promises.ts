/** The promises about what clients see, P1 to P4, P7 and P8, as checks of transcripts beside the logs. */
import {
  authorOf,
  compare,
  type Happening,
  isAlive,
  type Place,
  placeOfId,
  type RoomLog,
  sightsOf,
  type Transcript,
  type Violation,
} from './record.js';

const written = ({ seq, part }: Place): string => `${seq}.${part}`;

/** Where each text stands in a room's log. */
function placesOf({ happenings }: RoomLog): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const one of happenings) if (one.kind === 'said' && !places.has(one.text)) places.set(one.text, one);
  return places;
}

/** What a client heard in a room. */
const heardIn = (transcript: Transcript, room: string) =>
  sightsOf(transcript, 'heard').filter((sight) => sight.room === room);

/** P1: everybody hears a room in the order of its log, and ids name the places of messages in it. */
export function checkOrder(transcripts: readonly Transcript[], logs: readonly RoomLog[]): Violation[] {
  const found: Violation[] = [];
  for (const log of logs) {
    const places = placesOf(log);
    for (const transcript of transcripts) {
      let before: { readonly place: Place; readonly text: string } | undefined;
      for (const { text, msgid } of heardIn(transcript, log.room)) {
        const place = places.get(text);
        if (place === undefined) continue;
        const where = `${transcript.id} in ${log.room}`;
        const named = placeOfId(msgid);
        if (named === undefined || compare(named, place) !== 0) {
          found.push({ promise: 'P1', text: `${where}: "${text}" has the id ${msgid}, but is at ${written(place)}` });
        }
        if (before !== undefined && compare(before.place, place) > 0) {
          found.push({ promise: 'P1', text: `${where}: "${text}" comes after "${before.text}"` });
        }
        before = { place, text };
      }
    }
  }
  return found;
}

/** P2: nobody hears a message twice, and no message counts twice in a log or a history. */
export function checkDoubles(transcripts: readonly Transcript[], logs: readonly RoomLog[]): Violation[] {
  const found: Violation[] = [];
  const look = (where: string, names: readonly string[]): void => {
    const known = new Set<string>();
    for (const name of names) {
      if (known.has(name)) found.push({ promise: 'P2', text: `${where}: "${name}" twice` });
      known.add(name);
    }
  };
  for (const transcript of transcripts) {
    const heard = sightsOf(transcript, 'heard');
    look(
      transcript.id,
      heard.map(({ room, text }) => `${room} ${text}`),
    );
    look(
      transcript.id,
      heard.map(({ msgid }) => msgid),
    );
  }
  for (const { room, happenings, history } of logs) {
    look(
      `the log of ${room}`,
      happenings.flatMap((one) => (one.kind === 'said' ? [one.text] : [])),
    );
    look(`the history of ${room}`, history);
  }
  return found;
}

/** P3: what was echoed is in the log and in the history. P6: nothing is delivered that is not in the log. */
export function checkKept(transcripts: readonly Transcript[], logs: readonly RoomLog[]): Violation[] {
  const found: Violation[] = [];
  for (const log of logs) {
    const places = placesOf(log);
    const history = new Set(log.history);
    for (const transcript of transcripts) {
      for (const { text } of heardIn(transcript, log.room)) {
        if (authorOf(text) === undefined) continue;
        const isEcho = authorOf(text)?.id === transcript.id;
        const what = `${transcript.id} in ${log.room}: "${text}" was ${isEcho ? 'echoed' : 'delivered'}`;
        const promise = isEcho ? 'P3' : 'P6';
        if (!places.has(text)) found.push({ promise, text: `${what}, but is not in the log` });
        else if (!history.has(text)) found.push({ promise: 'P3', text: `${what}, but is not in the history` });
      }
    }
  }
  return found;
}

/** The times that somebody was in a room, by places of its log; `to` is null for one who is still inside. */
function staysOf(
  happenings: readonly Happening[],
  nick: string,
): { readonly from: Place; readonly to: Place | null }[] {
  const stays: { from: Place; to: Place | null }[] = [];
  for (const one of happenings) {
    if (one.kind === 'said' || one.nick !== nick) continue;
    if (one.kind === 'joined') stays.push({ from: one, to: null });
    const last = stays.at(-1);
    if (one.kind === 'left' && last !== undefined) last.to = one;
  }
  return stays;
}

/**
 * P3: who is in a room hears all that is said there. Of a connection that was closed, what came after the last line
 * that it heard may have been on its way.
 */
export function checkComplete(transcripts: readonly Transcript[], logs: readonly RoomLog[]): Violation[] {
  const found: Violation[] = [];
  for (const { room, happenings } of logs) {
    const said = happenings.filter((one) => one.kind === 'said');
    for (const transcript of transcripts) {
      const { nick } = transcript;
      if (nick === null) continue;
      const heard = new Set(heardIn(transcript, room).map(({ text }) => text));
      const last = isAlive(transcript) ? undefined : said.findLast(({ text }) => heard.has(text));
      for (const { from, to } of staysOf(happenings, nick)) {
        const isDue = (one: Place): boolean =>
          compare(one, from) > 0 &&
          (to === null || compare(one, to) < 0) &&
          (isAlive(transcript) || (last !== undefined && compare(one, last) <= 0));
        for (const one of said) {
          if (heard.has(one.text) || !isDue(one)) continue;
          found.push({ promise: 'P3', text: `${transcript.id} in ${room}: never heard "${one.text}"` });
        }
      }
    }
  }
  return found;
}

/** P3: who has said something, and is still connected, was answered. */
export function checkAnswered(transcripts: readonly Transcript[]): Violation[] {
  const found: Violation[] = [];
  for (const transcript of transcripts.filter(isAlive)) {
    const answered = new Set(
      [...sightsOf(transcript, 'heard'), ...sightsOf(transcript, 'failed')].map(({ text }) => text),
    );
    for (const { text, room } of sightsOf(transcript, 'said')) {
      if (!answered.has(text))
        found.push({ promise: 'P3', text: `${transcript.id} in ${room}: no answer to "${text}"` });
    }
  }
  return found;
}

/** P4: everybody hears what one sender says in the order in which it was said, and the log has it in that order. */
export function checkSenders(transcripts: readonly Transcript[], logs: readonly RoomLog[]): Violation[] {
  const found: Violation[] = [];
  const look = (where: string, texts: readonly string[]): void => {
    const last = new Map<string, number>();
    for (const text of texts) {
      const author = authorOf(text);
      if (author === undefined) continue;
      const before = last.get(author.id) ?? -1;
      if (author.n < before) found.push({ promise: 'P4', text: `${where}: "${text}" comes after number ${before}` });
      last.set(author.id, author.n);
    }
  };
  for (const { room, happenings } of logs) {
    look(
      `the log of ${room}`,
      happenings.flatMap((one) => (one.kind === 'said' ? [one.text] : [])),
    );
    for (const transcript of transcripts) {
      look(
        `${transcript.id} in ${room}`,
        heardIn(transcript, room).map(({ text }) => text),
      );
    }
  }
  return found;
}

/** P7: at the end, all who are connected see the same members in a room: those that its log has. */
export function checkMembers(transcripts: readonly Transcript[], logs: readonly RoomLog[]): Violation[] {
  const found: Violation[] = [];
  for (const { room, happenings } of logs) {
    const inside = new Map<string, string>();
    for (const one of happenings) {
      if (one.kind === 'joined') inside.set(one.session, one.nick);
      else if (one.kind === 'left') inside.delete(one.session);
    }
    const lists = transcripts.filter(isAlive).flatMap((transcript) => {
      const last = sightsOf(transcript, 'listed').findLast((sight) => sight.room === room);
      return last === undefined ? [] : [{ id: transcript.id, nicks: [...last.nicks].sort().join(' ') }];
    });
    const [first] = lists;
    for (const { id, nicks } of lists) {
      if (first !== undefined && nicks !== first.nicks) {
        found.push({ promise: 'P7', text: `${room} has ${nicks} for ${id}, ${first.nicks} for ${first.id}` });
      }
    }
    const count = first?.nicks.split(' ').length ?? inside.size;
    if (count !== inside.size) {
      found.push({ promise: 'P7', text: `${room} has ${inside.size} members by its log, ${count} by the clients` });
    }
  }
  return found;
}

/**
 * P8: nobody ever sees a nick twice in a room. One whose node was given up is not in the room, and may see somebody
 * else take its own nick before it is put out.
 */
export function checkNicks(transcripts: readonly Transcript[]): Violation[] {
  const found: Violation[] = [];
  for (const { id, firstNick, sights } of transcripts) {
    const rooms = new Map<string, Set<string>>();
    const isPutOut = sights.some((sight) => sight.kind === 'closed' && sight.by === 'server');
    let own = firstNick;
    const add = (room: string, nick: string): void => {
      const nicks = rooms.get(room);
      if (nicks?.has(nick) === true && !(isPutOut && nick === own))
        found.push({ promise: 'P8', text: `${id} sees ${nick} twice in ${room}` });
      nicks?.add(nick);
    };
    for (const sight of sights) {
      switch (sight.kind) {
        case 'listed':
          rooms.set(sight.room, new Set());
          for (const nick of sight.nicks) add(sight.room, nick);
          break;
        case 'joined':
          add(sight.room, sight.nick);
          break;
        case 'left':
          rooms.get(sight.room)?.delete(sight.nick);
          break;
        case 'quit':
          for (const nicks of rooms.values()) nicks.delete(sight.nick);
          break;
        case 'renamed':
          if (sight.nick === own) own = sight.to;
          for (const [room, nicks] of rooms) if (nicks.delete(sight.nick)) add(room, sight.to);
          break;
        default:
      }
    }
  }
  return found;
}

/** Checks all of them. */
export function checkSights(transcripts: readonly Transcript[], logs: readonly RoomLog[]): Violation[] {
  return [
    ...checkOrder(transcripts, logs),
    ...checkDoubles(transcripts, logs),
    ...checkKept(transcripts, logs),
    ...checkComplete(transcripts, logs),
    ...checkAnswered(transcripts),
    ...checkSenders(transcripts, logs),
    ...checkMembers(transcripts, logs),
    ...checkNicks(transcripts),
  ];
}
