-- name: of_older_workflow
-- Running cases of the procedure $2 that are pinned to another version than $3, the oldest first; $1 agencies in scope (null = all).
SELECT case_id, agency
FROM read.case_register
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND procedure = $2 AND workflow_hash <> $3 AND state IN ('waiting', 'claimed', 'paused')
ORDER BY opened_at, case_id
LIMIT $4

-- name: running
-- Running cases with a limit, by age; $2, $3 the last of the page before (null = the first page); $1 agencies in scope (null = all).
SELECT case_id, agency, opened_at
FROM read.case_register
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND state IN ('waiting', 'claimed') AND due_at IS NOT NULL
  AND ($2::timestamptz IS NULL OR (opened_at, case_id) > ($2, $3::uuid))
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

-- name: reminders_due
-- Cases in which another agency owes an answer beyond its limit, or the applicant a supplement, and nobody was told at $1; longest ago first.
SELECT case_id, agency, min(rings_at) AS rings_at
FROM (
    SELECT case_id, agency, rings_at
    FROM read.consultation_register
    WHERE rings_at <= $1 AND answered_at IS NULL AND reminded_at IS NULL
    UNION ALL
    SELECT case_id, agency, remind_at
    FROM read.case_register
    WHERE remind_at <= $1
) AS owed
GROUP BY case_id, agency
ORDER BY min(rings_at), case_id
LIMIT $2

-- name: lateness_by_partner
-- How other agencies answered what they were asked in [$2, $3), as of $4; $1 agencies in scope (null = all).
SELECT partner,
       count(*) AS asked,
       count(*) FILTER (WHERE answered_at <= $4) AS answered,
       count(*) FILTER (WHERE answered_at <= $4 AND answered_at >= late_from) AS answered_late,
       count(*) FILTER (WHERE (answered_at IS NULL OR answered_at > $4) AND late_from <= $4) AS owed_late
FROM read.consultation_register
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND ($2::timestamptz IS NULL OR requested_at >= $2) AND ($3::timestamptz IS NULL OR requested_at < $3)
  AND requested_at <= $4::timestamptz
GROUP BY partner
ORDER BY partner

-- name: permit
-- The permit that has or had a number, the newest; or that of a year $2 and of an agency $3: numbers begin again each year, in a book of each.
SELECT permit_id
FROM read.permit_number
WHERE number = $1 AND ($2::integer IS NULL OR year = $2) AND ($3::text IS NULL OR agency = $3)
ORDER BY given_on DESC, permit_id
LIMIT 1

-- name: permits_over
-- Permits whose last day is before $1 and that nobody has noted as expired, the oldest first.
SELECT permit_id, agency, expires_on
FROM read.permit_standing
WHERE expires_on < $1 AND state IN ('not-published', 'in-force')
ORDER BY expires_on, permit_id
LIMIT $2

-- name: book
-- The book of an agency $1 and year $2, from serial $3 on: what each number was given to, and how that stands.
SELECT serial, entry.number, entry.case_id, given.permit_id,
       CASE WHEN given.permit_id IS NULL THEN 'letter' WHEN held.number <> entry.number THEN 'replaced' ELSE held.state END AS state,
       CASE WHEN held.number <> entry.number THEN held.number END AS replaced_by
FROM read.book_entry AS entry
LEFT JOIN read.permit_number AS given ON given.id = entry.agency || '/' || entry.year || '/' || entry.number
LEFT JOIN read.permit_standing AS held ON held.permit_id = given.permit_id
WHERE entry.agency = $1 AND entry.year = $2 AND serial >= $3
ORDER BY serial
LIMIT $4

-- name: result
-- What a dossier may lead to, by the version of the procedure that it was accepted under, and whose dossier it is.
SELECT name, components, result, validity_months, notice_days, holder, tax_code
FROM read.dossier_procedure JOIN read.procedure_result ON content_hash = procedure_hash
WHERE dossier_id = $1

-- name: documents
-- Issues of controlled documents by code and issue: those in force on the day $1, or with $4 all; $2 field, $3 procedure.
SELECT *
FROM (
    SELECT code, issue, title, title_en, standard, field, procedures, approved_by, from_on, basis, issued_at,
        -- An issue holds until the day before the next one, and no longer than until it is withdrawn.
        least(lead(from_on) OVER (PARTITION BY code ORDER BY issue), withdrawn_on) - 1 AS to_on
    FROM read.document_issue
) AS found
WHERE ($4::boolean OR (from_on <= $1::date AND (to_on IS NULL OR to_on >= $1::date)))
  AND ($2::text IS NULL OR field = $2)
  AND ($3::text IS NULL OR procedures::jsonb ? $3)
  AND ($5::text IS NULL OR (code, issue) > ($5, $6::integer))
ORDER BY code, issue
LIMIT $7

-- name: pressure
-- Per agency, running cases past their limit at $1, and those whose limit runs out by $2.
SELECT agency, count(*) FILTER (WHERE late_from <= $1) AS overdue, count(*) FILTER (WHERE late_from > $1 AND due_at <= $2) AS due_soon
FROM read.case_register
WHERE state IN ('waiting', 'claimed')
GROUP BY agency
