/** The question for the last lines of conversations in PostgreSQL: one statement, however many there are. */
import type { Latest, LatestQuery } from '../../history/history.js';
import type { Shelf } from '../../history/line.js';
import { latestOf } from '../../history/page.js';
import { textOf } from '../columns.js';
import { lineOf } from '../line-reads.js';
import type { Parameter } from './driver.js';
import { LINE_COLUMNS } from './line-columns.js';
import type { Run } from './link.js';

/** The most conversations of two that are looked at; if there are more, those of the last lines. */
const MAX_PEERS = 10_000;

/** The last line that the asker may see, of those that a condition names. */
const lastLine = (condition: string): string => `SELECT ${LINE_COLUMNS} FROM line
  WHERE ${condition} AND line.at_ms >= sight.since_ms
    AND line.kind > 0 AND (sight.events = 1 OR line.kind IN (1, 2))
    AND ((line.ranks & -line.ranks) <= sight.ranks OR (line.source = sight.source AND line.source <> ''))
  ORDER BY line.at_ms DESC, line.id DESC LIMIT 1`;

/**
 * `known` walks from one peer of a shelf to the next by the index: it reads no line of a conversation but the last. The
 * rooms and the people are two questions, because each uses an index of its own.
 */
const LATEST = `WITH RECURSIVE
room AS (
  SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::bigint[], $5::integer[])
    AS given(shelf, ranks, source, since_ms, events)
),
talk AS (SELECT id FROM log WHERE name = $6),
known(peer) AS (
  (SELECT peer FROM line WHERE log = (SELECT id FROM talk) AND peer IS NOT NULL ORDER BY peer LIMIT 1)
  UNION ALL
  SELECT (SELECT line.peer FROM line WHERE log = (SELECT id FROM talk) AND line.peer > known.peer
    ORDER BY line.peer LIMIT 1) FROM known WHERE known.peer IS NOT NULL
),
first AS MATERIALIZED (SELECT peer FROM known WHERE peer IS NOT NULL LIMIT ${MAX_PEERS + 1}),
person AS (
  SELECT peer FROM first WHERE (SELECT count(*) FROM first) <= ${MAX_PEERS}
  UNION ALL
  SELECT DISTINCT peer FROM (SELECT peer FROM line WHERE log = (SELECT id FROM talk) AND peer IS NOT NULL
      AND (SELECT count(*) FROM first) > ${MAX_PEERS} ORDER BY at_ms DESC, id DESC LIMIT ${MAX_PEERS}) AS latest
),
found AS (
  SELECT sight.shelf, last.* FROM (SELECT room.*, log.id AS on_log FROM room JOIN log ON log.name = room.shelf) AS sight
    CROSS JOIN LATERAL (${lastLine('line.log = sight.on_log')}) AS last
  UNION ALL
  SELECT sight.shelf, last.* FROM (
      SELECT $6::text AS shelf, talk.id AS on_log, person.peer AS with_peer, $7::integer AS ranks, $8::text AS source,
        $9::bigint AS since_ms, $10::integer AS events FROM talk, person
    ) AS sight
    CROSS JOIN LATERAL (${lastLine('line.log = sight.on_log AND line.peer = sight.with_peer')}) AS last
)
SELECT * FROM found WHERE at_ms > $11::double precision AND at_ms < $12::double precision`;

/** Finds the conversations whose last lines are in a period. */
export async function readLatest(run: Run, query: LatestQuery): Promise<Latest[]> {
  const { rooms, people } = query;
  const sights = rooms.map(({ sight }) => sight);
  const values: Parameter[] = [
    rooms.map(({ shelf }) => shelf),
    sights.map(({ ranks }) => ranks),
    sights.map(({ source }) => source),
    sights.map(({ sinceMs }) => sinceMs),
    sights.map(({ hasEvents }) => Number(hasEvents)),
    people?.shelf ?? null,
    people?.sight.ranks ?? 0,
    people?.sight.source ?? '',
    people?.sight.sinceMs ?? 0,
    Number(people?.sight.hasEvents ?? false),
    query.afterMs,
    query.beforeMs,
  ];
  const asked = people === null ? rooms : [...rooms, people];
  const shelves = new Map<string, Shelf>(asked.map(({ shelf }) => [shelf, shelf]));
  const rows = await run({ text: LATEST, values });
  const found = rows.flatMap((row) => {
    const shelf = shelves.get(textOf(row, 'shelf'));
    return shelf === undefined ? [] : [{ shelf, line: lineOf(row) }];
  });
  return latestOf(found, query);
}
