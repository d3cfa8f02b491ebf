-- name: of_older_workflow
-- Running cases of the procedure $2 that are pinned to another version than $3, the oldest first; $1 agencies in scope (null = all).
SELECT case_id, agency
FROM read.case_register
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND procedure = $2 AND workflow_hash <> $3 AND state IN ('waiting', 'claimed', 'paused')
ORDER BY opened_at, case_id
LIMIT $4

-- name: alarms_due
-- Running cases with an alarm that is due at $1, the longest due first.
SELECT case_id, agency, alarm_at
FROM read.case_register
WHERE alarm_at <= $1 AND state IN ('waiting', 'claimed')
ORDER BY alarm_at, case_id
LIMIT $2

-- name: permit
-- The newest permit of a number, or the one of a year $2 and of an agency $3: numbers begin again each year, in a book of each agency.
SELECT permit_id, agency, procedure, kind, number, issued_on, expires_on
FROM read.permit_register
WHERE number = $1 AND ($2::integer IS NULL OR extract(year FROM issued_on) = $2) AND ($3::text IS NULL OR agency = $3)
ORDER BY issued_on DESC, permit_id
LIMIT 1

-- name: result
-- What a dossier may lead to, by the version of the procedure that it was accepted under.
SELECT result, validity_months
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
