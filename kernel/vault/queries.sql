-- name: read
-- The reading is recorded in the same statement: there is no way to see an entry and leave no trace.
WITH seen AS (INSERT INTO vault.access (ref, principal, purpose) VALUES ($1, $2, $3))
SELECT stream, key_id, body FROM vault.entry WHERE ref = $1

-- name: erase
-- Forget everything of one stream, and remember that it was forgotten.
WITH gone AS (
    DELETE FROM vault.entry WHERE stream = $1 RETURNING ref
), noted AS (
    INSERT INTO vault.access (ref, principal, purpose) SELECT ref, $2, $3 FROM gone
)
SELECT count(*) FROM gone

-- name: accesses
-- Who has read some entries, when and for what, the latest first.
SELECT ref, principal, purpose, at FROM vault.access WHERE ref = ANY($1::uuid[]) ORDER BY id DESC LIMIT $2
