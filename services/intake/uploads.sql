-- name: begin
-- Begin a file, with what the vault keeps of it, unless it has begun or the dossier has its number ($12) of files.
WITH begun AS (
    INSERT INTO files.object (id, fingerprint, dossier_id, principal, component, media_type, size_bytes, ref, commitment)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
    WHERE (SELECT count(*) FROM files.object WHERE dossier_id = $3 AND state <> 'gone') < $12
    ON CONFLICT (id) DO NOTHING
    RETURNING ref
)
INSERT INTO vault.entry (ref, stream, key_id, body) SELECT ref, $3, $10, $11 FROM begun

-- name: upload
-- A file of a dossier, of whoever declared it.
SELECT * FROM files.object WHERE id = $1 AND dossier_id = $2 AND principal = $3 AND state <> 'gone'

-- name: is_known
-- Whether there is such a file, though it be given up and not cleared away yet.
SELECT count(*) > 0 FROM files.object WHERE id = $1

-- name: take
-- So much more has arrived, if nobody was faster at this offset.
UPDATE files.object SET received = received + $3, parts = parts || $4::text, touched_at = now()
WHERE id = $1 AND received = $2 AND state = 'under-way'
RETURNING received

-- name: hold
-- Somebody is completing it: it is not abandoned.
UPDATE files.object SET touched_at = now() WHERE id = $1 AND state = 'under-way'

-- name: keep
-- A fact names the file.
UPDATE files.object SET state = 'attached', parts = '{}', touched_at = now() WHERE id = $1 AND state = 'under-way'

-- name: give_up
-- Nothing comes of it, if nobody has touched it for so many seconds: what the vault keeps of it goes at once, the store follows.
WITH gone AS (
    UPDATE files.object SET state = 'gone'
    WHERE id = $1 AND state = 'under-way' AND touched_at <= now() - make_interval(secs => $2)
    RETURNING ref
), forgotten AS (
    DELETE FROM vault.entry WHERE ref IN (SELECT ref FROM gone)
)
SELECT count(*) FROM gone

-- name: forget
-- Nothing of it is in the store any more.
DELETE FROM files.object WHERE id = $1

-- name: abandoned
-- What nobody went on with for so many seconds, and what a crash left of what was given up.
SELECT id, dossier_id, state FROM files.object
WHERE state = 'gone' OR (state = 'under-way' AND touched_at <= now() - make_interval(secs => $1))
ORDER BY touched_at
LIMIT $2

-- name: under_way
-- Which of these are under way.
SELECT id FROM files.object WHERE id = ANY ($1::uuid[]) AND state = 'under-way'

-- name: unjudged
-- Files that no scanner has judged, the oldest first.
SELECT id, dossier_id FROM files.object WHERE state = 'attached' AND NOT is_judged AND NOT id = ANY ($2::uuid[]) ORDER BY touched_at LIMIT $1

-- name: judged
-- A fact says what the scanner found.
UPDATE files.object SET is_judged = true WHERE id = $1

-- name: of_dossier
-- Every file of a dossier, whole or not.
SELECT id FROM files.object WHERE dossier_id = $1

-- name: left_in_store
-- Dossiers whose person was forgotten, and of whom something is in the store yet.
SELECT DISTINCT o.dossier_id FROM files.object AS o JOIN read.dossier AS d USING (dossier_id)
WHERE d.erased_at IS NOT NULL
LIMIT $1
