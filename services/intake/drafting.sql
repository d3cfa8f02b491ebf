-- name: begin
-- Begin a draft, with what the vault keeps of it, unless it has begun, was handed in, or its owner has all the places ($8) taken.
WITH place AS (
    SELECT min(n) AS n FROM generate_series(1, $8::int) AS n
    WHERE NOT EXISTS (SELECT FROM drafts.draft WHERE principal = $2 AND place = n)
), begun AS (
    INSERT INTO drafts.draft (id, principal, place, fingerprint, saved_by, procedure, who, ref)
    SELECT $1, $2, n, $3, $4, $5, $6, $7 FROM place
    WHERE n IS NOT NULL AND NOT EXISTS (SELECT FROM drafts.handed_in WHERE draft = $1)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, ref
)
INSERT INTO vault.entry (ref, stream, key_id, body) SELECT ref, id, $9, $10 FROM begun

-- name: draft
-- A draft of its owner that is kept still; $3 for how many days.
SELECT * FROM drafts.draft WHERE id = $1 AND principal = $2 AND saved_at > now() - make_interval(days => $3)

-- name: drafts
-- Whatever drafts somebody has, the last saved first.
SELECT * FROM drafts.draft WHERE principal = $1 AND saved_at > now() - make_interval(days => $2) ORDER BY saved_at DESC, id

-- name: save
-- Replace what a draft holds, if it is of the version ($3; null: any) that its owner has seen.
WITH saved AS (
    UPDATE drafts.draft SET version = version + 1, saved_by = $4, procedure = $5, who = $6, ref = $7, saved_at = now()
    WHERE id = $1 AND principal = $2 AND ($3::int IS NULL OR version = $3) AND saved_at > now() - make_interval(days => $8)
    RETURNING id, ref
), old AS (
    DELETE FROM vault.entry WHERE stream IN (SELECT id FROM saved)
), kept AS (
    INSERT INTO vault.entry (ref, stream, key_id, body) SELECT ref, id, $9, $10 FROM saved
)
SELECT count(*) > 0 FROM saved

-- name: remove
-- Delete a draft of its owner, if it is of the version ($3; null: any) that he has seen.
WITH gone AS (
    DELETE FROM drafts.draft WHERE id = $1 AND principal = $2 AND ($3::int IS NULL OR version = $3) RETURNING id
), forgotten AS (
    DELETE FROM vault.entry WHERE stream IN (SELECT id FROM gone)
)
SELECT count(*) > 0 FROM gone

-- name: became
-- Which dossier a draft of somebody became.
SELECT dossier FROM drafts.handed_in WHERE draft = $1 AND principal = $2

-- name: sweep
-- Delete drafts that nobody has saved for so many days, at most $2 of them, and what is remembered of those that were handed in before.
WITH old AS (
    SELECT id FROM drafts.draft WHERE saved_at <= now() - make_interval(days => $1) ORDER BY saved_at LIMIT $2
), gone AS (
    DELETE FROM drafts.draft WHERE id IN (SELECT id FROM old) AND saved_at <= now() - make_interval(days => $1) RETURNING id
), forgotten AS (
    DELETE FROM vault.entry WHERE stream IN (SELECT id FROM gone)
), remembered AS (
    DELETE FROM drafts.handed_in WHERE at <= now() - make_interval(days => $1)
)
SELECT count(*) FROM gone

-- name: forget_like
-- A person asked to be forgotten for dossier $1: the drafts about the same person go too, and that they were erased is remembered.
WITH gone AS (
    DELETE FROM drafts.draft WHERE who = (SELECT who FROM likeness.applicant WHERE dossier = $1) RETURNING id
), forgotten AS (
    DELETE FROM vault.entry WHERE stream IN (SELECT id FROM gone) RETURNING ref
), noted AS (
    INSERT INTO vault.access (ref, principal, purpose) SELECT ref, $2, 'erasure' FROM forgotten
)
SELECT count(*) FROM gone
