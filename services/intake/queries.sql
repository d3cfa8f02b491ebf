-- name: dossiers
-- A page of the register, the newest first; $1 agencies (null = all), $2 state, $3 agency, $4 and $5 the last row shown.
SELECT dossier_id, code, state, agency, procedure, field, channel, applicant_kind, submitted_at, accepted_at, due_on,
       new_due_on, ready_at, outcome, result_number, ended_at
FROM read.dossier
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND ($2::text IS NULL OR state = $2)
  AND ($3::text IS NULL OR agency = $3)
  AND ($4::timestamptz IS NULL OR (submitted_at, dossier_id) < ($4, $5::uuid))
ORDER BY submitted_at DESC, dossier_id DESC
LIMIT $6

-- name: left_in_vault
-- Dossiers whose person was forgotten, and of whom something is in the vault yet.
SELECT DISTINCT e.stream FROM vault.entry AS e JOIN read.dossier AS d ON d.dossier_id = e.stream
WHERE d.erased_at IS NOT NULL
LIMIT $1

-- name: retention_over
-- Dossiers that ended so ($1) so many months ago ($3) at an instant ($2), the oldest first. A day more than those: the decision counts by
-- the local calendar.
SELECT dossier_id FROM read.dossier
WHERE state = $1 AND erased_at IS NULL AND ended_at <= $2::timestamptz - make_interval(months => $3) + interval '1 day'
ORDER BY ended_at
LIMIT $4

-- name: settlement
-- What was paid, waived and refunded from $2 until before $3, by agency, method and officer; $1 agencies (null = all).
SELECT kind, agency, method, officer, count(*) AS count, sum(amount_vnd)::bigint AS amount_vnd,
       min(receipt) AS first_receipt, max(receipt) AS last_receipt
FROM read.fee_entry
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND on_day >= $2 AND on_day < $3
GROUP BY kind, agency, method, officer
ORDER BY kind, agency, method, officer

-- name: originals
-- Originals that are held or lost, the oldest first; $1 agencies (null = all), $2 how many at most.
SELECT o.dossier_id, d.code, d.state AS dossier_state, o.number, o.component, o.agency, o.state, o.holder, o.since
FROM read.original AS o LEFT JOIN read.dossier AS d USING (dossier_id)
WHERE o.state <> 'given-back'
  AND ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1) AS own WHERE o.agency = own OR starts_with(o.agency, own || '.')))
ORDER BY o.since, o.original
LIMIT $2

-- name: same_applicant
-- Other dossiers of the same applicant and procedure, handed in within $2 of dossier $1, the nearest first.
SELECT o.dossier, o.submitted_at, t.submitted_at AS this_at
FROM likeness.applicant AS t JOIN likeness.applicant AS o USING (who, procedure)
WHERE t.dossier = $1 AND o.dossier <> $1 AND o.submitted_at BETWEEN t.submitted_at - $2::interval AND t.submitted_at + $2::interval
ORDER BY greatest(o.submitted_at - t.submitted_at, t.submitted_at - o.submitted_at), o.dossier
LIMIT $3

-- name: unlike
DELETE FROM likeness.applicant WHERE dossier = $1

-- name: register_book
-- The dossiers of agency $1 that were received from $2 until before $3 (a year), numbered through it in the order of their codes; of these
-- the ones of the local days from $4 to $5, at most $6. A code is allotted with the acceptance, so no number is ever given anew.
SELECT number, dossier_id FROM (
    SELECT row_number() OVER (ORDER BY on_day, length(code), code) AS number, dossier_id, on_day
    FROM (
        SELECT dossier_id, code, (accepted_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS on_day
        FROM read.dossier WHERE agency = $1 AND accepted_at >= $2 AND accepted_at < $3
    ) AS received
) AS numbered
WHERE on_day BETWEEN $4 AND $5
ORDER BY number
LIMIT $6
