-- name: cases
-- A page of the register, the newest first; $1 agencies in scope (null = all), $2 dossier, $3 unit, $4 role, $5 state,
-- $6 overdue or not at the instant $7, $8 and $9 the last row shown.
SELECT case_id, dossier_id, code, agency, procedure, field, state, step, unit, role, officer, beside, opened_at, due_at, due_on,
       new_due_at, reappointed_at, alarm, alarm_raised_at, paused_at,
       supplements, decided_at, outcome, result_number, issued_at, stopped_at,
       coalesce(late_from <= $7 AND state IN ('waiting', 'claimed'), false) AS overdue
FROM (
    SELECT * FROM read.case_register WHERE ($3::text IS NULL OR unit = $3) AND ($4::text IS NULL OR role = $4)
    UNION ALL
    -- A branch that runs beside the first open step, and so is found by a desk that the first is not for.
    SELECT * FROM read.case_register
    WHERE beside::jsonb @> jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('unit', $3::text, 'role', $4::text)))
      AND NOT (($3::text IS NULL OR unit = $3) AND ($4::text IS NULL OR role = $4))
) AS found
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND ($2::uuid IS NULL OR dossier_id = $2)
  AND ($5::text IS NULL OR state = $5)
  -- Said twice, so that an index finds the few that are overdue among the many that are over.
  AND ($6::boolean IS DISTINCT FROM true OR (late_from <= $7::timestamptz AND state IN ('waiting', 'claimed')))
  AND ($6::boolean IS DISTINCT FROM false OR NOT coalesce(late_from <= $7::timestamptz AND state IN ('waiting', 'claimed'), false))
  AND ($8::timestamptz IS NULL OR (opened_at, case_id) < ($8, $9::uuid))
ORDER BY opened_at DESC, case_id DESC
LIMIT $10

-- name: of_older_workflow
-- Running cases of the procedure $2 that are pinned to another version than $3, the oldest first; $1 agencies in scope (null = all).
SELECT case_id, agency
FROM read.case_register
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND procedure = $2 AND workflow_hash <> $3 AND state IN ('waiting', 'claimed', 'paused')
ORDER BY opened_at, case_id
LIMIT $4

-- name: work_of
-- Running cases in which the officer $2 has an open step, the oldest first; $1 agencies in scope (null = all).
SELECT case_id, agency
FROM read.case_register
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND state IN ('waiting', 'claimed')
  AND (officer = $2::text OR beside::jsonb @> jsonb_build_array(jsonb_build_object('officer', $2::text)))
ORDER BY opened_at, case_id
LIMIT $3

-- name: alarms_due
-- Running cases with an alarm that is due at $1, the longest due first.
SELECT case_id, agency, alarm_at
FROM read.case_register
WHERE alarm_at <= $1 AND state IN ('waiting', 'claimed')
ORDER BY alarm_at, case_id
LIMIT $2

-- name: timers_due
-- Cases with an open step whose time has run out at $1, the longest ago first.
SELECT case_id, agency
FROM read.step_timer
WHERE fires_at <= $1
GROUP BY case_id, agency
ORDER BY min(fires_at), case_id
LIMIT $2

-- name: answers_owed
-- Cases in which another agency owes an answer beyond its limit and nobody has been told at $1, the longest ago first.
SELECT case_id, agency, min(rings_at) AS rings_at
FROM read.consultation_register
WHERE rings_at <= $1 AND answered_at IS NULL AND reminded_at IS NULL
GROUP BY case_id, agency
ORDER BY min(rings_at), case_id
LIMIT $2

-- name: lateness_by_partner
-- How other agencies answered what they were asked in [$2, $3), as of $4; $1 agencies in scope (null = all).
SELECT partner,
       count(*) AS asked,
       count(answered_at) AS answered,
       count(*) FILTER (WHERE answered_at >= late_from) AS answered_late,
       count(*) FILTER (WHERE answered_at IS NULL AND late_from <= $4::timestamptz) AS owed_late
FROM read.consultation_register
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND ($2::timestamptz IS NULL OR requested_at >= $2) AND ($3::timestamptz IS NULL OR requested_at < $3)
GROUP BY partner
ORDER BY partner

-- name: permit
-- The newest permit of a number, or the one of a year $2 and of an agency $3: numbers begin again each year, in a book of each agency.
SELECT permit_id, agency, procedure, kind, number, issued_on, expires_on
FROM read.permit_register
WHERE number = $1 AND ($2::integer IS NULL OR extract(year FROM issued_on) = $2) AND ($3::text IS NULL OR agency = $3)
ORDER BY issued_on DESC, permit_id
LIMIT 1

-- name: result
-- What a dossier may lead to, by the version of the procedure that it was accepted under.
SELECT result, validity_months, notice_days
FROM read.dossier_procedure JOIN read.procedure_result ON content_hash = procedure_hash
WHERE dossier_id = $1
