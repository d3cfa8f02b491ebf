-- name: cases
-- A page of the register, the newest first. What is asked for is put together from the filters below: a filter that nobody asked
-- for does not stand in the statement, so that each has the index that it needs, however often the statement was prepared.
SELECT case_id, dossier_id, code, agency, procedure, field, state, step, unit, role, officer, beside, opened_at, due_at, due_on,
       new_due_at, reappointed_at, alarm, alarm_raised_at, paused_at,
       supplements, decided_at, outcome, result_number, issued_at, stopped_at,
       coalesce(late_from <= :now AND state IN ('waiting', 'claimed'), false) AS overdue
FROM read.case_register AS found
WHERE :filters
ORDER BY opened_at DESC, case_id DESC
LIMIT :rows

-- name: worklist
-- A page of the open cases, the oldest first: whoever comes later comes behind, so that no page ever shifts.
SELECT case_id, code, agency, procedure, field, state, step, unit, role, officer, beside, opened_at, due_at, due_on, late_from,
       new_due_at, paused_at, supplements
FROM read.case_register AS found
WHERE state IN ('waiting', 'claimed', 'paused') AND :filters
ORDER BY opened_at, case_id
LIMIT :rows

-- name: load
-- The open steps of a desk by whose they are and how their cases stand; limits that run out by :soon are near.
SELECT step.officer, state, count(*) AS steps,
       count(*) FILTER (WHERE state <> 'paused' AND late_from <= :now) AS overdue,
       count(*) FILTER (WHERE state <> 'paused' AND late_from > :now AND due_at <= :soon) AS due_soon,
       min(opened_at) AS oldest_opened_at
FROM read.case_register AS found CROSS JOIN LATERAL (
    SELECT found.unit, found.role, found.officer
    UNION ALL
    SELECT unit, role, officer FROM jsonb_to_recordset(coalesce(beside, '[]')::jsonb) AS further (unit text, role text, officer text)
) AS step
WHERE state IN ('waiting', 'claimed', 'paused') AND :filters
GROUP BY step.officer, state
ORDER BY step.officer NULLS FIRST, state

-- name: there_were_newest_first
-- Cases that may have been what is asked for at an instant: whether they were, their facts up to then say.
SELECT case_id, opened_at
FROM read.case_register AS found
WHERE :filters
ORDER BY opened_at DESC, case_id DESC
LIMIT :rows

-- name: there_were_oldest_first
-- The same for lists that begin with the oldest.
SELECT case_id, opened_at
FROM read.case_register AS found
WHERE :filters
ORDER BY opened_at, case_id
LIMIT :rows

-- name: as_they_were
-- In the place of the register: its rows as they were, folded from the facts.
jsonb_populate_recordset(NULL::read.case_register, :folded::jsonb)

-- name: by_then
opened_at <= :now

-- name: by_not_over_then
-- What is over now was not over then only if it ended later.
(issued_at IS NULL OR issued_at > :now) AND (stopped_at IS NULL OR stopped_at > :now)

-- name: by_scope
(agency = ANY(:scope::text[]) OR EXISTS (SELECT FROM unnest(:scope::text[]) AS own WHERE starts_with(agency, own || '.')))

-- name: by_dossier
dossier_id = :dossier

-- name: by_procedure
procedure = :procedure

-- name: by_open_state
-- Said twice, so that it is known before anybody says which state that only what is open is looked at.
state = :state AND state IN ('waiting', 'claimed', 'paused')

-- name: by_issued
state = 'issued'

-- name: by_stopped
state = 'stopped'

-- name: by_overdue
late_from <= :now AND state IN ('waiting', 'claimed')

-- name: by_in_time
NOT coalesce(late_from <= :now AND state IN ('waiting', 'claimed'), false)

-- name: by_due_within
-- Not too late yet, and too late if nothing happens by then.
late_from > :now AND due_at <= :due_by AND state IN ('waiting', 'claimed')

-- name: by_place_older
(opened_at, case_id) < (:opened_at, :case_id)

-- name: by_place_newer
(opened_at, case_id) > (:opened_at, :case_id)

-- name: by_desk
-- The first open step is for the desk, or one of those that run beside it; what is over has no open step.
state IN ('waiting', 'claimed', 'paused') AND (:first OR (beside IS NOT NULL AND EXISTS (
    SELECT FROM jsonb_to_recordset(beside::jsonb) AS step (unit text, role text, officer text) WHERE :further
)))

-- name: in_units
-- Units that do the work of others do it on all procedures but some (:but), or on some only (:some_units, :only); a pair is
-- written `unit/procedure`.
step.unit = ANY(:units::text[]) AND step.unit || '/' || procedure <> ALL(:but::text[])
    AND (step.unit <> ALL(:some_units::text[]) OR step.unit || '/' || procedure = ANY(:only::text[]))

-- name: in_unit
step.unit = :unit

-- name: in_role
step.role = :role

-- name: in_hands
step.officer = :officer
