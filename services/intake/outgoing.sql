-- name: place
-- How far a receiver's list of deliveries has been written in one log.
SELECT pos FROM portal.receiver WHERE name = $1 AND source = $2

-- name: begin
-- A receiver's list begins behind a position.
INSERT INTO portal.receiver (name, source, pos) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: move
-- Move on, unless another process has.
UPDATE portal.receiver SET pos = $4 WHERE name = $1 AND source = $2 AND pos = $3

-- name: list
-- Write deliveries down, in order.
INSERT INTO portal.delivery (receiver, source, pos, stream, state)
SELECT $1, source, pos, stream, $5 FROM unnest($2::text[], $3::bigint[], $4::uuid[]) WITH ORDINALITY AS t (source, pos, stream, n)
ORDER BY n
ON CONFLICT DO NOTHING

-- name: release
-- What was held for its stream's sake may go.
UPDATE portal.delivery SET state = 'waiting', due_at = now() WHERE receiver = $1 AND stream = ANY ($2) AND state = 'held'

-- name: due
-- The first open delivery of each stream, where it is due; what stands behind one that is parked waits with it.
SELECT id, receiver, source, pos, stream, attempts
FROM (
    SELECT DISTINCT ON (stream) * FROM portal.delivery WHERE receiver = $1 AND state IN ('waiting', 'parked') ORDER BY stream, id
) AS first
WHERE state = 'waiting' AND due_at <= now()
ORDER BY id
LIMIT $2

-- name: try
-- A try begins.
UPDATE portal.delivery SET attempts = attempts + 1, at = now() WHERE id = $1 AND state = 'waiting'

-- name: done
-- It arrived, or nobody is there to get it (then $3 says why).
UPDATE portal.delivery SET state = 'done', status = $2, error = $3, at = now() WHERE id = $1

-- name: later
-- It did not; another try in so many seconds.
UPDATE portal.delivery SET status = $2, error = $3, due_at = now() + make_interval(secs => $4), at = now() WHERE id = $1

-- name: park
-- It will not be tried any more unless somebody asks for it.
UPDATE portal.delivery SET state = 'parked', status = $2, error = $3, at = now() WHERE id = $1

-- name: replay
-- Deliver once more everything behind a position ($3), or what is parked ($3 null).
UPDATE portal.delivery SET state = 'waiting', attempts = 0, due_at = now(), error = NULL
WHERE receiver = $1 AND source = $2 AND (state = 'parked' OR pos > $3::bigint)

-- name: of_receiver
-- The deliveries to a receiver behind a position, with what became of them.
SELECT source, pos, state, attempts, status, error, due_at, at FROM portal.delivery
WHERE receiver = $1 AND pos > $2 AND ($3::text IS NULL OR state = $3) ORDER BY id LIMIT $4

-- name: of_stream
-- Everything that was delivered about a stream to receivers of a kind, in order.
SELECT receiver, source, pos, state, attempts, status, error, due_at, at FROM portal.delivery
WHERE stream = $1 AND starts_with(receiver, $2) ORDER BY id

-- name: told
-- What of a stream a receiver was to be told up to a delivery ($3; null = all that has arrived), in order.
SELECT id, source, pos FROM portal.delivery
WHERE receiver = $1 AND stream = $2 AND (id <= $3::bigint OR ($3::bigint IS NULL AND state = 'done')) ORDER BY id

-- name: uncertain
-- Streams of which a try is under way: what the receiver holds of them nobody knows.
SELECT DISTINCT stream FROM portal.delivery WHERE receiver = $1 AND state IN ('waiting', 'parked') AND attempts > 0

-- name: bodies
-- Events of our own log by position.
SELECT pos, body FROM log.event WHERE pos = ANY ($1)

-- name: others
-- What was kept of other services' facts, behind a position.
SELECT pos, stream, cause, type, body FROM (
    SELECT coalesce(pos_processing, pos_feedback) AS pos, CASE WHEN pos_feedback IS NULL THEN 'processing' ELSE 'feedback' END AS source,
           stream, cause, type, body
    FROM read.outward
) AS t WHERE source = $1 AND pos > $2 ORDER BY pos LIMIT $3

-- name: other_bodies
-- What was kept of other services' facts, by name.
SELECT id, type, body FROM read.outward WHERE id = ANY ($1)

-- name: keep_record
-- The portal holds a dossier.
INSERT INTO portal.record (dossier, code, day) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: is_kept
SELECT 1 FROM portal.record WHERE dossier = $1

-- name: records_of
-- The dossiers of a day that the portal is to hold.
SELECT dossier, code FROM portal.record WHERE day = $1 ORDER BY code

-- name: days
-- The days of which the portal holds anything, from a day on.
SELECT DISTINCT day FROM portal.record WHERE day >= $1 ORDER BY day

-- name: subscribe
INSERT INTO portal.subscription (id, fingerprint, owner, agencies, url, signature) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING

-- name: subscription
SELECT * FROM portal.subscription WHERE id = $1

-- name: subscriptions
SELECT * FROM portal.subscription WHERE owner = $1 OR $2 ORDER BY created_at DESC, id LIMIT $3

-- name: active
SELECT * FROM portal.subscription WHERE state = 'active' ORDER BY id

-- name: count_active
SELECT count(*) FROM portal.subscription WHERE owner = $1 AND state = 'active'

-- name: rotate
-- A new key; asked twice for the same one, it is made once.
UPDATE portal.subscription SET generation = $2 + 1, rotated_at = now() WHERE id = $1 AND generation = $2

-- name: end
UPDATE portal.subscription SET state = $2 WHERE id = $1 AND state = 'active'

-- name: revive
UPDATE portal.subscription SET state = 'active', failing_since = NULL WHERE id = $1 AND state IN ('disabled', 'gone')

-- name: failing
-- A try has failed: since now, if another has arrived since the failures before. Whether one has is asked here, so that one that arrives
-- costs nothing more.
UPDATE portal.subscription AS s SET failing_since = CASE
    WHEN s.failing_since IS NULL OR EXISTS (
        SELECT FROM portal.delivery AS d WHERE d.receiver = $2 AND d.state = 'done' AND d.at > s.failing_since
    ) THEN now() ELSE s.failing_since END
WHERE id = $1

-- name: disable
-- Ask an address no more that has failed for so long.
UPDATE portal.subscription SET state = 'disabled'
WHERE id = $1 AND state = 'active' AND failing_since <= now() - make_interval(secs => $2)

-- name: trim
-- Throw away what was delivered to webhooks so long ago, some at a time.
DELETE FROM portal.delivery WHERE id IN (
    SELECT id FROM portal.delivery
    WHERE state = 'done' AND starts_with(receiver, 'webhook/') AND at < now() - make_interval(secs => $1) LIMIT $2
)

-- name: dossier_of
-- The dossier of a code.
SELECT dossier_id, state FROM read.dossier WHERE code = $1

-- name: look_up
-- Count a try; a window that is over begins anew.
INSERT INTO portal.look_up AS t (key, since_at, tries) VALUES ($1, now(), 1)
ON CONFLICT (key) DO UPDATE SET
    tries = CASE WHEN t.since_at < now() - make_interval(secs => $2) THEN 1 ELSE t.tries + 1 END,
    since_at = CASE WHEN t.since_at < now() - make_interval(secs => $2) THEN now() ELSE t.since_at END
RETURNING tries

-- name: forget_look_ups
DELETE FROM portal.look_up WHERE since_at < now() - make_interval(secs => $1)

-- name: numbered
-- Streams that something was let go of already.
SELECT DISTINCT stream FROM portal.delivery WHERE receiver = $1 AND stream = ANY ($2) AND state <> 'held'

-- name: ask_comparison
INSERT INTO portal.comparison (since, asked_by) VALUES ($1, $2) RETURNING id

-- name: ask_daily
-- One a day, unless one was asked for.
INSERT INTO portal.comparison (since, asked_by)
SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM portal.comparison WHERE asked_at > now() - make_interval(secs => $3))

-- name: open_comparison
SELECT id, since FROM portal.comparison WHERE done_at IS NULL ORDER BY id LIMIT 1

-- name: close_comparison
UPDATE portal.comparison SET done_at = now(), result = $2 WHERE id = $1

-- name: comparison
SELECT id, since, asked_by, asked_at, done_at, result FROM portal.comparison WHERE id = $1

-- name: standing
SELECT state, count(*) FROM portal.delivery WHERE receiver = $1 GROUP BY state

-- name: replay_parked
-- Try once more what is parked. That it was tried is remembered: the receiver may have got it.
UPDATE portal.delivery SET state = 'waiting', due_at = now(), error = NULL WHERE receiver = $1 AND state = 'parked'
