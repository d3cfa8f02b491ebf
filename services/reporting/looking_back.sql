-- name: touched
-- How statements that look back begin: the dossiers of which something became known after position $4 of intake's log and $5 of
-- processing's that can change a figure of a period that ends with day $2. What happened after that day cannot; the unit, which a
-- case is opened for, has no day.
touched AS MATERIALIZED (
    SELECT d.dossier_id
    FROM read.dossier_register AS d
    WHERE (d.submitted_pos > $4 AND d.submitted_on <= $2)
       OR (d.accepted_pos > $4 AND d.accepted_on <= $2)
       OR (d.ready_pos > $4 AND d.ready_on <= $2)
       OR (d.refused_pos > $4 AND d.refused_on <= $2)
       OR (d.withdrawn_pos > $4 AND d.withdrawn_on <= $2)
       OR (d.returned_pos > $4 AND d.returned_on <= $2)
       OR d.opened_pos > $5
       OR d.dossier_id IN (SELECT c.dossier_id FROM read.clock AS c WHERE c.intake_pos > $4 AND c.changed_on <= $2)
)

-- name: judged_then
-- After `points` (a dossier, and the positions as of which it is asked about): how each was judged there.
judged_then AS MATERIALIZED (
    SELECT p.intake, j.*
    FROM points AS p
    JOIN read.dossier_register AS r USING (dossier_id)
    CROSS JOIN LATERAL (
        SELECT r.dossier_id, r.agency, r.field, r.procedure, r.channel, r.code,
            CASE WHEN r.opened_pos <= p.processing THEN r.unit END AS unit,
            CASE WHEN r.submitted_pos <= p.intake THEN r.submitted_on END AS submitted_on,
            CASE WHEN r.accepted_pos <= p.intake THEN r.accepted_on END AS accepted_on,
            CASE WHEN r.ready_pos <= p.intake THEN r.ready_on END AS ready_on,
            CASE WHEN r.refused_pos <= p.intake THEN r.refused_on END AS refused_on,
            CASE WHEN r.withdrawn_pos <= p.intake THEN r.withdrawn_on END AS withdrawn_on,
            CASE WHEN r.returned_pos <= p.intake THEN r.returned_on END AS returned_on
    ) AS masked
    CROSS JOIN LATERAL ({judgement}) AS j
)

-- name: then
-- How `within` begins where it is asked as of positions $4 and $5: dossiers that something became known of since count as they did
-- then (1), and no longer as they do now (-1).
WITH {touched}, points AS (
    SELECT dossier_id, $4::bigint AS intake, $5::bigint AS processing FROM touched
), {judged_then}, counted_since AS (
    SELECT w.on_day, w.what, date_trunc('month', j.accepted_on::timestamp)::date AS month,
        j.agency, j.field, j.unit, j.procedure, j.channel, j.n
    FROM (
        SELECT -1 AS n, t.* FROM read.judged AS t WHERE t.dossier_id IN (SELECT dossier_id FROM touched)
        UNION ALL
        SELECT 1, t.dossier_id, t.agency, t.field, t.unit, t.procedure, t.channel, t.code, t.submitted_on, t.accepted_on, t.ended_on, t.verdict,
            t.late_from, t.refused_on, t.withdrawn_on, t.returned_on, t.waited
        FROM judged_then AS t
    ) AS j
    CROSS JOIN LATERAL {happened} AS w (on_day, what)
    WHERE w.on_day <= $2
),

-- name: since
-- The last part of what `within` adds up.
UNION ALL
SELECT on_day < $1, 'day', on_day, what, month, agency, field, unit, procedure, channel, n FROM counted_since

-- name: later
-- In which columns each dossier of the agencies $3 counted at position $4 of intake's log, and after each of its facts since; as of $5 of
-- processing's. Those of a dossier follow each other.
WITH {touched}, points AS (
    SELECT t.dossier_id, $4::bigint AS intake, $5::bigint AS processing FROM touched AS t
    UNION
    SELECT d.dossier_id, told.pos, $5
    FROM read.dossier_register AS d, unnest(ARRAY[d.submitted_pos, d.accepted_pos, d.ready_pos, d.withdrawn_pos]) AS told (pos)
    WHERE d.dossier_id IN (SELECT dossier_id FROM touched) AND told.pos > $4
    UNION
    SELECT c.dossier_id, c.intake_pos, $5 FROM read.clock AS c WHERE c.dossier_id IN (SELECT dossier_id FROM touched) AND c.intake_pos > $4
), {judged_then}
SELECT j.dossier_id, j.code, j.field, j.intake AS at,
    CASE WHEN j.accepted_on IS NULL THEN '{{}}'::text[] ELSE array_remove({columns}, NULL) END AS columns
FROM judged_then AS j
WHERE $3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE j.agency = own OR starts_with(j.agency, own || '.'))
ORDER BY j.dossier_id, j.intake

-- name: traced
-- The facts that the figures know a dossier $1 by, with the day that each gives; a page after source $2 and position $3; $4 rows.
SELECT * FROM (
    SELECT 'intake' AS source, told.pos, told.what, told.on_day
    FROM read.dossier_register AS d
    CROSS JOIN LATERAL unnest(
        ARRAY[d.submitted_pos, d.accepted_pos, d.ready_pos, d.refused_pos, d.withdrawn_pos, d.returned_pos],
        ARRAY['submitted', 'accepted', 'result-ready', 'refused', 'withdrawn', 'returned'],
        ARRAY[d.submitted_on, d.accepted_on, d.ready_on, d.refused_on, d.withdrawn_on, d.returned_on]
    ) AS told (pos, what, on_day)
    WHERE d.dossier_id = $1
    UNION ALL
    SELECT 'intake', c.intake_pos, CASE WHEN c.runs THEN 'rescheduled' ELSE 'supplement-requested' END, c.changed_on
    FROM read.clock AS c
    WHERE c.dossier_id = $1
      AND c.intake_pos IS DISTINCT FROM (SELECT d.accepted_pos FROM read.dossier_register AS d WHERE d.dossier_id = $1)
    UNION ALL
    SELECT 'processing', d.opened_pos, 'case-opened', NULL FROM read.dossier_register AS d WHERE d.dossier_id = $1
) AS fact
WHERE pos IS NOT NULL AND ($2::text IS NULL OR (source, pos) > ($2, $3::bigint))
ORDER BY source, pos
LIMIT $4
