-- name: unmark
-- Forget by what a dossier's applicant can be found.
DELETE FROM door.mark WHERE dossier_id = $1

-- name: marks
-- The marks of a dossier's applicant.
SELECT marks FROM door.mark WHERE dossier_id = $1

-- name: search
-- Dossiers that have all the marks of one of the sets ($1, one text with blanks each), the newest first; $2 agencies (null = all).
SELECT d.dossier_id, d.code, d.state, d.agency, d.procedure, d.submitted_at, d.due_on
FROM door.mark AS m JOIN read.dossier AS d USING (dossier_id)
WHERE EXISTS (SELECT FROM unnest($1::text[]) AS wanted WHERE string_to_array(m.marks, ' ') @> string_to_array(wanted, ' '))
  AND ($2::text[] IS NULL OR EXISTS (SELECT FROM unnest($2) AS own WHERE d.agency = own OR starts_with(d.agency, own || '.')))
ORDER BY d.submitted_at DESC, d.dossier_id DESC
LIMIT $3

-- name: alike
-- Other dossiers for the same procedure that share a mark ($2) with one ($1), the newest first; $3 agencies (null = all).
SELECT d.dossier_id, d.code, d.state, d.submitted_at, m.marks
FROM read.dossier AS own
JOIN read.dossier AS d ON d.procedure = own.procedure AND d.dossier_id <> own.dossier_id
JOIN door.mark AS m ON m.dossier_id = d.dossier_id
WHERE own.dossier_id = $1 AND string_to_array(m.marks, ' ') && $2::text[]
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3) AS own_agency WHERE d.agency = own_agency OR starts_with(d.agency, own_agency || '.')))
ORDER BY d.submitted_at DESC, d.dossier_id DESC
LIMIT $4

-- name: readings
-- Who has read these entries of the vault, when and for what, the newest first.
SELECT principal, purpose, at FROM vault.access WHERE ref = ANY($1::uuid[]) ORDER BY id DESC LIMIT $2

-- name: begin
-- Begin an upload, with what the vault keeps of it; the second time it is there already.
WITH begun AS (
    INSERT INTO door.upload (id, dossier_id, ref, principal, component, media_type, size_bytes, sha256)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING RETURNING ref
)
INSERT INTO vault.entry (ref, stream, key_id, body) SELECT ref, $2, $9, $10 FROM begun

-- name: upload
-- An upload, of whoever began it.
SELECT * FROM door.upload WHERE id = $1 AND principal = $2

-- name: progress
-- So much more is in the store, if nobody was faster.
UPDATE door.upload SET received = $3 WHERE id = $1 AND received = $2 AND NOT kept

-- name: keep
-- A fact names the file: it is not swept away.
UPDATE door.upload SET kept = true WHERE id = $1

-- name: uploads_of
-- Every upload of a dossier, kept or not.
SELECT id FROM door.upload WHERE dossier_id = $1

-- name: left
-- Uploads that nobody finished, older than so many hours.
SELECT id, ref FROM door.upload WHERE NOT kept AND begun_at < now() - make_interval(hours => $1) LIMIT $2

-- name: drop
-- Forget an upload and what the vault keeps of it.
WITH gone AS (DELETE FROM door.upload WHERE id = $1 RETURNING ref)
DELETE FROM vault.entry WHERE ref IN (SELECT ref FROM gone)
