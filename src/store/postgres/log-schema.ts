/** The tables of logs and leases in PostgreSQL, and the function that appends. */

/** The channel on which earlier versions announce appends: every user of the database may listen and notify there. */
export const CHANNEL = 'fdmux';

/**
 * `first` is the number of the first pack that is kept, `top` that of the last one that there has been, `mark` is the
 * mark of that, and `entries` is how many the packs hold that are kept.
 *
 * `append` gives each pack its number. The row of its log is locked until the commit, so the numbers of a log are in
 * the order of commits, and without gaps. Rows are locked in the order of names, so that two calls cannot wait for
 * each other. A notification is a hint, and is sent at the commit.
 */
export const LOG_SCHEMA = `
CREATE TABLE log(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  first bigint NOT NULL DEFAULT 1,
  top bigint NOT NULL DEFAULT 0,
  mark bytea NOT NULL DEFAULT '',
  entries bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE pack(
  log bigint NOT NULL REFERENCES log,
  seq bigint NOT NULL,
  entries integer NOT NULL,
  at_ms bigint NOT NULL,
  before bytea NOT NULL,
  mark bytea NOT NULL,
  body text NOT NULL,
  PRIMARY KEY(log, seq)
);
CREATE TABLE lease(node text PRIMARY KEY, until timestamptz NOT NULL);
CREATE TABLE trial(body bytea NOT NULL);

CREATE FUNCTION append(names text[], bodies text[], counts integer[], times bigint[], most bigint)
RETURNS TABLE(place bigint, seq bigint, before text, mark text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  i bigint;
  l log%ROWTYPE;
  m bytea;
BEGIN
  FOR i IN SELECT ord FROM unnest(names) WITH ORDINALITY AS given(name, ord) ORDER BY name, ord LOOP
    SELECT * INTO l FROM log WHERE name = names[i] FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      INSERT INTO log(name) VALUES(names[i]) ON CONFLICT (name) DO NOTHING;
      SELECT * INTO l FROM log WHERE name = names[i] FOR NO KEY UPDATE;
    END IF;
    m := substring(sha256(l.mark || convert_to(bodies[i], 'UTF8')) FOR 16);
    INSERT INTO pack(log, seq, entries, at_ms, before, mark, body)
      VALUES(l.id, l.top + 1, counts[i], times[i], l.mark, m, bodies[i]);
    UPDATE log SET top = l.top + 1, mark = m, entries = l.entries + counts[i] WHERE id = l.id;
    IF l.entries + counts[i] > most THEN PERFORM trim_log(l.id, most); END IF;
    PERFORM pg_notify('${CHANNEL}', (l.top + 1) || ' ' || names[i]);
    place := i;
    seq := l.top + 1;
    before := encode(l.mark, 'hex');
    mark := encode(m, 'hex');
    RETURN NEXT;
  END LOOP;
END $$;

CREATE FUNCTION trim_log(id bigint, most bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  remaining bigint;
  beginning bigint;
  dropped integer;
BEGIN
  SELECT log.entries, log.first INTO remaining, beginning FROM log WHERE log.id = trim_log.id;
  WHILE remaining > most LOOP
    DELETE FROM pack WHERE pack.log = trim_log.id AND pack.seq = beginning RETURNING pack.entries INTO dropped;
    EXIT WHEN NOT FOUND;
    remaining := remaining - dropped;
    beginning := beginning + 1;
  END LOOP;
  UPDATE log SET entries = remaining, first = beginning WHERE log.id = trim_log.id;
END $$;
`;

/**
 * Rows of logs that are not used can be removed. A log without a row begins behind `floor`, a fact that is higher than
 * any number of a pack in a removed log; `used` is when somebody last used the row, to the hour; `notes_use` is whether
 * a node notes that, which those of earlier versions do not.
 *
 * `use_logs` notes that logs are in use, and gives each a row. Before it makes one, it waits for the removal of that
 * log: a statement that had begun before would make the row behind the earlier floor. `state_of` returns the state of a
 * log for somebody who is about to follow it.
 */
export const REMOVABLE_LOGS = `
CREATE FUNCTION log_floor() RETURNS bigint LANGUAGE sql STABLE SET search_path FROM CURRENT
  AS $$ SELECT coalesce((SELECT value::bigint FROM fact WHERE name = 'floor'), 0) $$;
ALTER TABLE log ALTER COLUMN first SET DEFAULT log_floor() + 1, ALTER COLUMN top SET DEFAULT log_floor(),
  ALTER COLUMN kept_seq SET DEFAULT log_floor(), ADD COLUMN used timestamptz NOT NULL DEFAULT now();
ALTER TABLE lease ADD COLUMN notes_use boolean NOT NULL DEFAULT false;

CREATE FUNCTION use_logs(wanted text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  due text[];
BEGIN
  due := ARRAY(SELECT DISTINCT given.name FROM unnest(wanted) AS given(name) WHERE NOT EXISTS (
    SELECT FROM log WHERE log.name = given.name AND used > now() - interval '1 hour') ORDER BY given.name);
  IF cardinality(due) = 0 THEN RETURN; END IF;
  PERFORM id FROM log WHERE name = ANY(due) ORDER BY name FOR NO KEY UPDATE;
  INSERT INTO log(name) SELECT given.name FROM unnest(due) AS given(name) ORDER BY given.name
    ON CONFLICT (name) DO UPDATE SET used = excluded.used;
END $$;

CREATE FUNCTION state_of(wanted text) RETURNS TABLE(kept_seq bigint, kept text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM use_logs(ARRAY[wanted]);
  RETURN QUERY SELECT kept_seq, kept FROM log WHERE name = wanted;
END $$;
`;

/** The most bytes of a notification: PostgreSQL takes fewer than 8,000. */
const MAX_NOTIFICATION_BYTES = 7_900;

/**
 * Appends as the first function of this name does, which earlier versions still call. The packs are parts of `bodies`,
 * since an array of texts costs more than the rest of the call. A pack that is small enough is in its notification: the
 * marks before it and after it are in the second line, and the pack is in the third one. It is delivered at the commit,
 * so those that listen need not read it. The channel has the name that they have agreed on in `fact`, and not one of
 * the function's text, which every user can read.
 */
export const DELIVERING_APPEND = `
CREATE FUNCTION append(names text[], starts integer[], lengths integer[], bodies bytea, counts integer[],
  times bigint[], most bigint)
RETURNS TABLE(place bigint, seq bigint, before text, mark text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  i bigint;
  l log%ROWTYPE;
  raw bytea;
  body text;
  m bytea;
  hint text;
  delivery text;
  channel text;
BEGIN
  SELECT value INTO channel FROM fact WHERE name = 'channel';
  FOR i IN SELECT ord FROM unnest(names) WITH ORDINALITY AS given(name, ord) ORDER BY name, ord LOOP
    SELECT * INTO l FROM log WHERE name = names[i] FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      INSERT INTO log(name) VALUES(names[i]) ON CONFLICT (name) DO NOTHING;
      SELECT * INTO l FROM log WHERE name = names[i] FOR NO KEY UPDATE;
    END IF;
    raw := substring(bodies FROM starts[i] FOR lengths[i]);
    body := convert_from(raw, 'UTF8');
    m := substring(sha256(l.mark || raw) FOR 16);
    INSERT INTO pack(log, seq, entries, at_ms, before, mark, body)
      VALUES(l.id, l.top + 1, counts[i], times[i], l.mark, m, body);
    UPDATE log SET top = l.top + 1, mark = m, entries = l.entries + counts[i] WHERE id = l.id;
    IF l.entries + counts[i] > most THEN PERFORM trim_log(l.id, most); END IF;
    place := i;
    seq := l.top + 1;
    before := encode(l.mark, 'hex');
    mark := encode(m, 'hex');
    hint := seq || ' ' || names[i];
    delivery := hint || E'\\n' || before || ' ' || mark || E'\\n' || body;
    PERFORM pg_notify(channel, CASE WHEN octet_length(delivery) > ${MAX_NOTIFICATION_BYTES} THEN hint ELSE delivery END);
    RETURN NEXT;
  END LOOP;
END $$;
`;
