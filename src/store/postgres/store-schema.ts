/** The tables of everything but logs in PostgreSQL: the same as those of SQLite, as far as the two have the same. */

/**
 * `kept` is the state of a log after the pack `kept_seq`, as JSON; null for nothing. `fact` has facts about the store.
 * The kind of a line is its place in `LINE_KINDS`, counted from 1; 0 for one that was taken back. A search finds it by
 * `grams`; null for a line that people do not search for. `token` has the codes by which accounts are confirmed.
 * `member` has the members that stay when the server stops, by the sessions that they had.
 */
export const STORE_SCHEMA = `
ALTER TABLE log ADD COLUMN kept_seq bigint NOT NULL DEFAULT 0, ADD COLUMN kept text;
CREATE TABLE fact(name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE ban(kind text NOT NULL, mask text NOT NULL, reason text NOT NULL, setter text NOT NULL,
  at_ms bigint NOT NULL, until_ms bigint, PRIMARY KEY(kind, mask));
CREATE TABLE line(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, log bigint NOT NULL REFERENCES log,
  seq bigint NOT NULL, part integer NOT NULL, at_ms bigint NOT NULL, kind integer NOT NULL, msgid text NOT NULL,
  peer text, source text NOT NULL, account text, target text NOT NULL, ranks integer NOT NULL, text text NOT NULL,
  tags text, object text, bits integer NOT NULL, grams text[]);
CREATE UNIQUE INDEX line_msgid ON line(log, msgid);
CREATE INDEX line_time ON line(log, at_ms, id);
CREATE INDEX line_peer ON line(log, peer, at_ms, id) WHERE peer IS NOT NULL;
CREATE INDEX line_account ON line(account) WHERE account IS NOT NULL;
CREATE INDEX line_grams ON line USING gin(grams);
CREATE TABLE marker(owner text NOT NULL, target text NOT NULL, at_ms bigint NOT NULL, PRIMARY KEY(owner, target));
CREATE TABLE account(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
  folded text NOT NULL UNIQUE, created_ms bigint NOT NULL, email text, verified integer NOT NULL,
  settings text NOT NULL, suspended_ms bigint);
CREATE TABLE credential(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE, kind text NOT NULL, data text NOT NULL,
  created_ms bigint NOT NULL, UNIQUE(account_id, kind, data));
CREATE UNIQUE INDEX credential_certificate ON credential(data) WHERE kind = 'certfp';
CREATE TABLE token(id text PRIMARY KEY, account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  kind text NOT NULL, hash text NOT NULL, expires_ms bigint NOT NULL);
CREATE INDEX token_account ON token(account_id);
CREATE TABLE member(place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session text NOT NULL UNIQUE,
  account text NOT NULL, state text NOT NULL);
`;
