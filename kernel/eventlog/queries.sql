-- name: append
-- Advance the head and insert at the next positions: one statement, one round trip, one flush for many callers.
WITH h AS (
    UPDATE log.head SET pos = pos + $1 RETURNING pos - $1 AS base
), e AS (
    INSERT INTO log.event (pos, stream, version, subject, body, hash)
    SELECT h.base + n, s, v, j, b, x
    FROM h, unnest($2::uuid[], $3::int[], $4::text[], $5::bytea[], $6::bytea[]) WITH ORDINALITY AS u (s, v, j, b, x, n)
)
SELECT base FROM h

-- name: tip
-- Where a stream stands, without its events.
SELECT version, pos, hash FROM log.event WHERE stream = $1 ORDER BY version DESC LIMIT 1

-- name: load_many
-- The whole histories of several streams: for all who ask at the same time, or for a batch of reactions.
SELECT stream, pos, version, body, hash FROM log.event WHERE stream = ANY($1::uuid[]) ORDER BY stream, version

-- name: stored
-- What stands at one version of a stream: ours from an earlier try, or somebody else's.
SELECT pos, body FROM log.event WHERE stream = $1 AND version = $2

-- name: read
-- The log from a position on, in order.
SELECT pos, subject, body FROM log.event WHERE pos > $1 ORDER BY pos LIMIT $2

-- name: read_all
-- The log from a position on with all that its verification looks at.
SELECT pos, stream, version, subject, body, hash FROM log.event WHERE pos > $1 ORDER BY pos LIMIT $2

-- name: before_first
SELECT min(pos) FROM log.event WHERE pos < 1

-- name: read_hashes
-- Hashes of a range of positions, for a seal.
SELECT hash FROM log.event WHERE pos > $1 AND pos <= $2 ORDER BY pos

-- name: head
SELECT pos FROM log.head

-- name: epoch
SELECT epoch FROM log.head

-- name: halt
-- From here on the head cannot move, whichever process asks, until the relay stands again.
UPDATE log.head SET halted_at = pos WHERE halted_at IS NULL

-- name: resume
UPDATE log.head SET halted_at = NULL WHERE halted_at IS NOT NULL

-- name: is_halted
SELECT halted_at IS NOT NULL FROM log.head

-- name: lock_head
-- Nobody appends until the transaction ends.
SELECT pos, epoch FROM log.head FOR UPDATE

-- name: last_of_streams
-- Where the chains of some streams end.
SELECT DISTINCT ON (stream) stream, version, hash FROM log.event WHERE stream = ANY($1::uuid[]) ORDER BY stream, version DESC

-- name: restore
-- Events at the positions that they have in the stream.
INSERT INTO log.event (pos, stream, version, subject, body, hash)
SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::int[], $4::text[], $5::bytea[], $6::bytea[])

-- name: restore_head
UPDATE log.head SET pos = $1, halted_at = NULL

-- name: begin_checkpoint
-- A consumer that has read nothing yet stands at 0.
INSERT INTO log.checkpoint (consumer, source) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: checkpoint
SELECT pos FROM log.checkpoint WHERE consumer = $1 AND source = $2

-- name: move_checkpoint
-- Compare and set: a second consumer of the same name finds no row to move and is fenced. Unless $5, the commit does not wait for the disk;
-- so a crash may have taken back what another log's events did here (up to $7 of the sources $6), and nothing goes on from there.
UPDATE log.checkpoint SET pos = $4 WHERE consumer = $1 AND source = $2 AND pos = $3
AND NOT EXISTS (
    SELECT FROM log.checkpoint AS other JOIN unnest($6::text[], $7::bigint[]) AS known (source, pos) ON known.source = other.source
    WHERE other.consumer = $1 AND other.pos < known.pos
)
RETURNING set_config('synchronous_commit', CASE WHEN $5 THEN current_setting('synchronous_commit') ELSE 'off' END, true)

-- name: lock_checkpoint
SELECT pos FROM log.checkpoint WHERE consumer = $1 AND source = $2 FOR UPDATE

-- name: park
INSERT INTO log.parked (consumer, source, pos, stream, body, error) VALUES ($1, $2, $3, $4, $5, $6)

-- name: parked_streams
SELECT DISTINCT stream FROM log.parked WHERE consumer = $1

-- name: is_parked
SELECT true FROM log.parked WHERE consumer = $1 AND stream = $2 LIMIT 1

-- name: parked_of_stream
SELECT source, pos, body FROM log.parked WHERE consumer = $1 AND stream = $2 AND source = $3 ORDER BY pos

-- name: unpark
DELETE FROM log.parked WHERE consumer = $1 AND stream = $2 AND source = $3

-- name: count_parked
SELECT count(*) FROM log.parked

-- name: standing
-- How a log stands: how many facts are parked; seconds since the first event after position $1 (null: the head) was recorded, 0 if there is
-- none; the head.
SELECT (SELECT count(*) FROM log.parked) AS parked, coalesce((
    SELECT extract(epoch FROM now() - (body ->> 'recordedtime')::timestamptz)::bigint
    FROM log.event_json WHERE pos > coalesce($1, h.pos) ORDER BY pos LIMIT 1
), 0) AS oldest, h.pos AS head
FROM log.head AS h

-- name: live_version
SELECT version FROM log.read_model WHERE name = $1

-- name: set_live_version
INSERT INTO log.read_model (name, version) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET version = excluded.version

-- name: forget_checkpoints
UPDATE log.checkpoint SET pos = 0 WHERE consumer = $1

-- name: forget_parked
DELETE FROM log.parked WHERE consumer = $1

-- name: views_of_model
-- The views that show some version of a read model; in any order, so that readers who take two of them in one order stop one try, not all.
SELECT view_name FROM information_schema.view_table_usage
WHERE view_schema = $1 AND regexp_replace(table_schema, '_v[0-9]+$', '') = $2 GROUP BY view_name ORDER BY random()

-- name: live_positions
-- Where the live version of a read model stands, per source.
SELECT c.source, c.pos FROM log.checkpoint AS c
JOIN log.read_model AS m ON c.consumer = m.name || '_v' || m.version
WHERE m.name = $1

-- name: freshness
-- Where the live version of a read model stands, per source, and where the log ends.
SELECT c.source, c.pos, h.pos AS head FROM log.checkpoint AS c
JOIN log.read_model AS m ON c.consumer = m.name || '_v' || m.version
CROSS JOIN log.head AS h
WHERE m.name = $1

-- name: last_seal
SELECT upto, root, previous, key_id, signature, at FROM log.seal ORDER BY upto DESC LIMIT 1

-- name: seals
SELECT upto, root, previous, key_id, signature, at FROM log.seal ORDER BY upto

-- name: seals_from
SELECT upto, root, previous, key_id, signature, at FROM log.seal WHERE upto >= $1 ORDER BY upto

-- name: add_seal
INSERT INTO log.seal (upto, root, previous, key_id, signature, at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: column_types
-- The types of a table's columns, so that a projection can be written as arrays.
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped

-- name: column_defaults
-- What the columns of a row hold that nobody has set; what a generated column holds follows from the others.
SELECT attname, coalesce(pg_get_expr(adbin, adrelid), 'NULL') AS expression
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
