-- What is asked of the read model "reform". $1 = agencies in scope, null = all. Pages are of the rows after a sort key.

-- name: plans
-- A page of plans, the newest year first, after ($2, $3).
SELECT plan_id AS id, agency, year, decision, adopted_at, changed_at
FROM read.reform_plan
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::integer IS NULL OR (year, plan_id) < ($2, $3::uuid))
ORDER BY year DESC, plan_id DESC
LIMIT $4

-- name: tasks
-- A page of tasks, what is due first before the others, after ($9, $10). `overdue`: said to be, and not done.
SELECT task_id, plan_id, agency, year, number, content, title, product, unit, officer, due_on, coalesce(percent, 0) AS percent, note,
    coalesce(state, 'open') AS state, late, ended_on, evidence, (state IS NULL AND overdue_on = due_on) IS TRUE AS overdue
FROM read.reform_task
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::uuid IS NULL OR plan_id = $2)
  AND ($3::text IS NULL OR content = $3)
  AND ($4::text IS NULL OR unit = $4)
  AND ($5::text IS NULL OR officer = $5)
  AND ($6::text IS NULL OR coalesce(state, 'open') = $6)
  AND ($7::boolean IS NULL OR ((state IS NULL AND overdue_on = due_on) IS TRUE) = $7)
  AND ($8::integer IS NULL OR year = $8)
  AND ($9::date IS NULL OR (due_on, task_id) > ($9, $10::uuid))
ORDER BY due_on, task_id
LIMIT $11

-- name: findings
-- A page of findings, the newest first, after ($11, $12). What an officer's score led to is for leaders ($2) and for who acts ($3).
SELECT finding_id AS id, agency, state, found_by, found_in, subject, concerns, text, cause, action, unit, officer, due_on,
    (state = 'assigned' AND overdue_on = due_on) IS TRUE AS overdue, opened_at, closed_at
FROM read.finding
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($4::text IS NULL OR state = $4)
  AND ($5::text IS NULL OR found_by = $5)
  AND ($6::uuid IS NULL OR found_in = $6)
  AND ($7::text IS NULL OR concerns = $7)
  AND ($8::text IS NULL OR unit = $8)
  AND ($9::text IS NULL OR officer = $9)
  AND ($10::boolean IS NULL OR ((state = 'assigned' AND overdue_on = due_on) IS TRUE) = $10)
  AND ($2::boolean OR NOT (found_by = 'score' AND concerns IS NULL) OR officer = $3)
  AND ($11::timestamptz IS NULL OR (opened_at, finding_id) < ($11, $12::uuid))
ORDER BY opened_at DESC, finding_id DESC
LIMIT $13

-- name: reviews
-- A page of reviews, the newest year first, after ($2, $3).
SELECT review_id AS id, agency, kind, year, report_id, opened_at, closed_at
FROM read.review
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::integer IS NULL OR (year, review_id) < ($2, $3::uuid))
ORDER BY year DESC, review_id DESC
LIMIT $4

-- name: inspection_plans
-- A page of plans of inspections, the newest year first, after ($2, $3).
SELECT plan_id AS id, agency, year, decision, adopted_at
FROM read.inspection_plan
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::integer IS NULL OR (year, plan_id) < ($2, $3::uuid))
ORDER BY year DESC, plan_id DESC
LIMIT $4

-- name: inspections
-- A page of inspections that were held, the newest first, after ($4, $5), with the findings of each.
SELECT i.inspection_id AS id, i.plan_id, i.agency, i.number, i.unit, i.subjects, i.procedures, i.held_on, i.unannounced, i.minutes, i.text,
    (SELECT count(*) FROM read.finding AS f WHERE f.found_in = i.inspection_id) AS findings
FROM read.inspection AS i
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE i.agency = own OR i.agency ^@ (own || '.')))
  AND ($2::uuid IS NULL OR i.plan_id = $2)
  AND ($3::text IS NULL OR i.unit = $3)
  AND ($4::date IS NULL OR (i.held_on, i.inspection_id) < ($4, $5::uuid))
ORDER BY i.held_on DESC, i.inspection_id DESC
LIMIT $6

-- name: directives
-- A page of directives, the newest first, after ($6, $7).
SELECT directive_id AS id, agency, paper, issuer, signed_on, wanted, unit, officer, due_on,
    CASE WHEN answered_at IS NOT NULL THEN 'answered' WHEN unit IS NOT NULL THEN 'assigned' ELSE 'received' END AS state,
    (answered_at IS NULL AND overdue_on = due_on) IS TRUE AS overdue, late, answer, received_at, answered_at
FROM read.directive
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::text IS NULL OR unit = $2)
  AND ($3::text IS NULL OR officer = $3)
  AND ($4::text IS NULL OR $4 = CASE WHEN answered_at IS NOT NULL THEN 'answered' WHEN unit IS NOT NULL THEN 'assigned' ELSE 'received' END)
  AND ($5::boolean IS NULL OR ((answered_at IS NULL AND overdue_on = due_on) IS TRUE) = $5)
  AND ($6::timestamptz IS NULL OR (received_at, directive_id) < ($6, $7::uuid))
ORDER BY received_at DESC, directive_id DESC
LIMIT $8

-- name: publicity
-- A page of what is to be made public, what is due first before the others, after ($6, $7).
SELECT item_id AS id, agency, topic, medium, place, unit, officer, due_on, coalesce(state, 'planned') AS state,
    (state IS NULL AND overdue_on = due_on) IS TRUE AS overdue, late, ended_on, evidence
FROM read.publicity_item
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::text IS NULL OR medium = $2)
  AND ($3::text IS NULL OR unit = $3)
  AND ($4::text IS NULL OR coalesce(state, 'planned') = $4)
  AND ($5::boolean IS NULL OR ((state IS NULL AND overdue_on = due_on) IS TRUE) = $5)
  AND ($6::date IS NULL OR (due_on, item_id) > ($6, $7::uuid))
ORDER BY due_on, item_id
LIMIT $8

-- name: over
-- What was due before a day ($1), is open, and was not said to be overdue: the stream, its kind, whose it is and the day; at most $2.
SELECT * FROM (
    SELECT DISTINCT 'plan' AS kind, plan_id AS id, agency, due_on FROM read.reform_task
    WHERE state IS NULL AND due_on < $1 AND overdue_on IS DISTINCT FROM due_on
    UNION ALL
    SELECT 'finding', finding_id, agency, due_on FROM read.finding
    WHERE state = 'assigned' AND due_on < $1 AND overdue_on IS DISTINCT FROM due_on
    UNION ALL
    SELECT 'directive', directive_id, agency, due_on FROM read.directive
    WHERE answered_at IS NULL AND due_on < $1 AND overdue_on IS DISTINCT FROM due_on
    UNION ALL
    SELECT 'publicity', item_id, agency, due_on FROM read.publicity_item
    WHERE state IS NULL AND due_on < $1 AND overdue_on IS DISTINCT FROM due_on
) AS over
ORDER BY due_on, id
LIMIT $2

-- name: in_force
-- What procedures promised at the close of a day ($2, null = now), of a field ($3) or all: the newest version of each by then.
SELECT v.code, v.agency, v.name, v.field, v.field_name, v.decision, d.signed_on, v.published_on, v.legal_basis, v.offers, v.version_pos
FROM (
    SELECT DISTINCT ON (code) * FROM read.procedure_version
    WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
      AND ($2::date IS NULL OR published_on <= $2)
    ORDER BY code, version_pos DESC
) AS v
LEFT JOIN LATERAL (
    SELECT signed_on FROM read.catalogue_decision AS c WHERE c.agency = v.agency AND c.decision = v.decision
    ORDER BY decision_pos DESC LIMIT 1
) AS d ON true
WHERE $3::text IS NULL OR v.field = $3
ORDER BY v.field, v.code

-- name: versions
-- All versions of a procedure ($2), the newest first, with the decision that each came by.
SELECT v.code, v.agency, v.name, v.field, v.field_name, v.decision, d.signed_on, v.published_on, v.legal_basis, v.offers, v.version_pos
FROM read.procedure_version AS v
LEFT JOIN LATERAL (
    SELECT signed_on FROM read.catalogue_decision AS c WHERE c.agency = v.agency AND c.decision = v.decision
    ORDER BY decision_pos DESC LIMIT 1
) AS d ON true
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE v.agency = own OR v.agency ^@ (own || '.')))
  AND v.code = $2
ORDER BY v.version_pos DESC

-- name: petition_of
-- Whose petition it is, if it was called a petition or a complaint, and never a denunciation: of that nothing is known here.
SELECT max(agency) FROM read.petition_turn
WHERE petition_id = $1
HAVING bool_or(kind IN ('petition', 'complaint')) AND NOT coalesce(bool_or(kind = 'denunciation'), false)

-- name: findings_about
-- How many findings about each unit were opened and closed between two local days ($2, $3).
SELECT agency, concerns AS subject,
    count(*) FILTER (WHERE (opened_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date BETWEEN $2 AND $3)::integer AS findings_opened,
    count(*) FILTER (WHERE (closed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date BETWEEN $2 AND $3)::integer AS findings_closed
FROM read.finding
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND concerns IS NOT NULL
GROUP BY agency, concerns
ORDER BY agency, concerns

-- name: deeds
-- What each unit or officer ({whose}) did of what he had to, by the day ($2 to $3) that it was done or verified, or was due.
SELECT agency, {whose} AS subject,
    sum(tasks_in_time)::integer AS tasks_in_time, sum(tasks_late)::integer AS tasks_late, sum(tasks_overdue)::integer AS tasks_overdue,
    sum(actions_in_time)::integer AS actions_in_time, sum(actions_late)::integer AS actions_late,
    sum(actions_effective)::integer AS actions_effective, sum(actions_ineffective)::integer AS actions_ineffective
FROM (
    SELECT agency, {whose},
        (state = 'done' AND NOT late AND ended_on BETWEEN $2 AND $3)::integer AS tasks_in_time,
        (state = 'done' AND late AND ended_on BETWEEN $2 AND $3)::integer AS tasks_late,
        (state IS NULL AND overdue_on = due_on AND due_on BETWEEN $2 AND $3)::integer AS tasks_overdue,
        0 AS actions_in_time, 0 AS actions_late, 0 AS actions_effective, 0 AS actions_ineffective
    FROM read.reform_task
    WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
    UNION ALL
    SELECT agency, {whose}, 0, 0, 0,
        (NOT late AND done_on BETWEEN $2 AND $3)::integer, (late AND done_on BETWEEN $2 AND $3)::integer,
        (effective AND verified_on BETWEEN $2 AND $3)::integer, (NOT effective AND verified_on BETWEEN $2 AND $3)::integer
    FROM read.corrective_action
    WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
) AS deed
WHERE {whose} IS NOT NULL
GROUP BY agency, {whose}
ORDER BY agency, {whose}
