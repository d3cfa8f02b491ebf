-- name: ended
-- Cases that ended in a period, in the order of their ends, behind a place in it. $1 first, $2 last local day, $3 agencies in scope
-- (null = all), $4 procedure (null = any), $5 and $6 the place (null = from the start), $7 how many.
SELECT case_id, dossier_id, agency, procedure, code, opened_on, ended_on FROM read.way
WHERE ended_on BETWEEN $1 AND $2
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND ($4::text IS NULL OR procedure = $4)
  AND ($5::date IS NULL OR (ended_on, case_id) > ($5, $6::uuid))
ORDER BY ended_on, case_id
LIMIT $7

-- name: of_dossier
-- The case of a dossier.
SELECT case_id, dossier_id, agency, procedure, code, opened_on, ended_on FROM read.way WHERE dossier_id = $1

-- name: alive
-- Cases of a procedure ($4) that were open on some day of a period. $1 to $3 as above, $5 how many at most.
SELECT case_id, dossier_id, agency, procedure, code, opened_on, ended_on FROM read.way
WHERE procedure = $4 AND opened_on <= $2 AND (ended_on IS NULL OR ended_on >= $1)
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
ORDER BY opened_on, case_id
LIMIT $5

-- name: turns
-- What happened to some cases ($1), each in order.
SELECT turn_pos, case_id, happened_at, what, step, officer, word, undone, due_on FROM read.turn
WHERE case_id = ANY($1) ORDER BY case_id, turn_pos

-- name: workflows
-- Every version of every workflow.
SELECT content_hash, procedure, steps FROM read.workflow_version

-- name: staffing
-- What was said of officers, roles and units, in order.
SELECT type, said FROM read.staffing ORDER BY staffing_pos

-- name: days
-- The first and the last day on which a case that is known ended, or was opened.
SELECT least(min(opened_on), min(ended_on)) AS first, greatest(max(opened_on), max(ended_on)) AS last FROM read.way

-- name: parked
-- Facts that the shown version could not apply, and those that wait behind them.
SELECT count(*) FROM log.parked AS p JOIN log.read_model AS m ON p.consumer = m.name || '_v' || m.version WHERE m.name = $1
