-- name: judged
-- Not a statement, but how the others begin: every dossier that counts in a period ($1 first, $2 last local day, $3 agencies in
-- scope, null = all), as it stood at the close of the last day. What each word means, and why: domain/figures.py.
WITH counted AS (
    SELECT d.*, e.ended_on
    FROM read.dossier_register AS d
    CROSS JOIN LATERAL (SELECT CASE WHEN least(d.ready_on, d.withdrawn_on) <= $2 THEN least(d.ready_on, d.withdrawn_on) END) AS e (ended_on)
    WHERE d.accepted_on <= $2
      -- Not over before the first day; written so that an index finds what is, and what never was.
      AND coalesce(least(d.ready_on, d.withdrawn_on), 'infinity') >= $1
      AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE d.agency = own OR starts_with(d.agency, own || '.')))
), stretch AS (
    -- An appointment holds from the day that it was given until the clock stops or begins anew.
    SELECT c.dossier_id, c.intake_pos, c.runs, c.due_on, counted.ended_on,
        lead(c.changed_on) OVER (PARTITION BY c.dossier_id ORDER BY c.intake_pos) AS until_on
    FROM read.clock AS c JOIN counted USING (dossier_id)
    WHERE c.changed_on <= $2
), clocked AS (
    SELECT dossier_id,
        bool_or(coalesce(due_on < least(until_on, ended_on, $2), false)) AS late,
        (array_agg(runs ORDER BY intake_pos DESC))[1] AS runs,
        (array_agg(due_on ORDER BY intake_pos DESC) FILTER (WHERE due_on IS NOT NULL))[1] AS due_on
    FROM stretch
    GROUP BY dossier_id
), judged AS (
    SELECT counted.*, clocked.due_on, clocked.late, clocked.runs,
        counted.ended_on IS NOT NULL AS resolved,
        CASE
            WHEN counted.ended_on IS NULL THEN NULL
            WHEN clocked.late THEN 'late'
            WHEN counted.ended_on < clocked.due_on AND counted.withdrawn_on IS DISTINCT FROM counted.ended_on THEN 'early'
            ELSE 'on-time'
        END AS verdict
    FROM counted JOIN clocked USING (dossier_id)
)

-- name: figures
-- After `judged`: the columns of form II.06a by month of acceptance, agency and field.
SELECT to_char(accepted_on, 'YYYY-MM') AS month, agency, field,
    count(*) AS received,
    count(*) FILTER (WHERE accepted_on >= $1 AND channel = 'online') AS received_online,
    count(*) FILTER (WHERE accepted_on >= $1 AND channel <> 'online') AS received_direct,
    count(*) FILTER (WHERE accepted_on < $1) AS carried_over,
    count(*) FILTER (WHERE resolved) AS resolved,
    count(*) FILTER (WHERE verdict = 'early') AS resolved_early,
    count(*) FILTER (WHERE verdict = 'on-time') AS resolved_on_time,
    count(*) FILTER (WHERE verdict = 'late') AS resolved_late,
    count(*) FILTER (WHERE NOT resolved) AS in_progress,
    count(*) FILTER (WHERE NOT resolved AND NOT late) AS in_progress_in_time,
    count(*) FILTER (WHERE NOT resolved AND late) AS in_progress_late
FROM judged
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- name: months
-- After `judged`: what was resolved, by the month in which it was.
SELECT to_char(ended_on, 'YYYY-MM') AS month,
    count(*) FILTER (WHERE verdict <> 'late') AS in_time,
    count(*) FILTER (WHERE verdict = 'late') AS late
FROM judged
WHERE resolved
GROUP BY 1
ORDER BY 1

-- name: register
-- After `judged`: the dossiers behind the figures, a page of one book ($4) in the order of its days. $5 first day of the period
-- (the book of returns holds dossiers that were over before it: there, `judged` is asked from the beginning of time);
-- filters: $6 state, $7 field, $8 late; $9, $10 sort key of the row before; $11 rows. Nothing later than $2 is shown.
SELECT book.*, p.name AS procedure_name, p.field_name, p.agency_name
FROM (
    SELECT code, procedure, field, agency, channel, accepted_on, due_on, late,
        CASE WHEN ready_on <= $2 THEN ready_on END AS ready_on,
        CASE WHEN returned_on <= $2 THEN returned_on END AS returned_on,
        CASE WHEN withdrawn_on <= $2 THEN withdrawn_on END AS withdrawn_on,
        CASE WHEN ready_on <= $2 THEN outcome END AS outcome,
        CASE
            WHEN withdrawn_on <= $2 THEN 'withdrawn'
            WHEN returned_on <= $2 THEN 'returned'
            WHEN ready_on <= $2 THEN 'result-ready'
            WHEN runs THEN 'in-progress'
            ELSE 'awaiting-supplement'
        END AS state,
        CASE $4::text WHEN 'return' THEN returned_on WHEN 'resolved' THEN ended_on ELSE accepted_on END AS day
    FROM judged
    WHERE CASE $4::text
        WHEN 'receipt' THEN accepted_on >= $5
        WHEN 'return' THEN returned_on BETWEEN $5 AND $2
        WHEN 'carried-over' THEN accepted_on < $5
        WHEN 'resolved' THEN resolved
        WHEN 'in-progress' THEN NOT resolved
    END
) AS book
LEFT JOIN read.procedure AS p ON p.code = book.procedure
WHERE ($6::text IS NULL OR book.state = $6)
  AND ($7::text IS NULL OR book.field = $7)
  AND ($8::boolean IS NULL OR book.late = $8)
  AND ($9::date IS NULL OR (book.day, book.code) > ($9, $10::text))
ORDER BY book.day, book.code
LIMIT $11

-- name: beside
-- What is in no column of the form; $1 first, $2 last day.
SELECT
    (SELECT count(*) FROM read.dossier_register WHERE refused_on BETWEEN $1 AND $2) AS refused,
    (SELECT count(*) FROM read.dossier_register WHERE withdrawn_on BETWEEN $1 AND $2) AS withdrawn

-- name: voices
-- What was answered, by month, agency and field; $1 first, $2 last day, of whole months. Of invitations it counts those that
-- were issued in the month and how many of them were used since: not when, for that would lead to the answer.
WITH answered AS (
    SELECT to_char(recorded_on, 'YYYY-MM') AS month, agency, field,
        count(*) AS ratings,
        count(*) FILTER (WHERE satisfaction >= 4) AS satisfied,
        count(points_time) AS n_time, sum(points_time) AS points_time,
        count(points_agencies_contacted) AS n_agencies_contacted, sum(points_agencies_contacted) AS points_agencies_contacted,
        count(points_contacts_to_complete) AS n_contacts_to_complete, sum(points_contacts_to_complete) AS points_contacts_to_complete,
        count(points_attitude) AS n_attitude, sum(points_attitude) AS points_attitude
    FROM read.rating
    WHERE recorded_on BETWEEN $1 AND $2
    GROUP BY 1, 2, 3
), asked AS (
    SELECT to_char(issued_on, 'YYYY-MM') AS month, agency, field, count(*) AS invited, count(*) FILTER (WHERE used) AS used
    FROM read.invitation
    WHERE issued_on BETWEEN $1 AND $2
    GROUP BY 1, 2, 3
)
SELECT * FROM answered FULL JOIN asked USING (month, agency, field)
ORDER BY month, agency, field

-- name: opinions
-- What people said unasked in a period ($1 to $2), and how much of it was answered by its last day; $3 agencies in scope.
SELECT channel, topic, count(*) AS received,
    count(*) FILTER (WHERE answered_on <= $2) AS answered,
    count(*) FILTER (WHERE answered_on IS NULL OR answered_on > $2) AS open
FROM read.opinion
WHERE received_on BETWEEN $1 AND $2
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
GROUP BY 1, 2
ORDER BY 1, 2

-- name: reports
-- A page of published reports, newest first; $1 agencies in scope; $2, $3 sort key of the row before; $4 rows.
SELECT report_id, agency, period_from, period_to, definition_hash, published_at
FROM read.report
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
  AND ($2::timestamptz IS NULL OR (published_at, report_id) < ($2, $3::uuid))
ORDER BY published_at DESC, report_id DESC
LIMIT $4

-- name: known
-- The first and the last day that the mirror knows of; null while it knows nothing.
SELECT least(d.first, v.first) AS first, greatest(d.last, v.last) AS last
FROM (
    SELECT min(submitted_on) AS first,
        max(greatest(submitted_on, accepted_on, refused_on, withdrawn_on, decided_on, ready_on, returned_on)) AS last
    FROM read.dossier_register
) AS d, (
    SELECT min(said_on) AS first, max(said_on) AS last FROM (
        SELECT recorded_on AS said_on FROM read.rating
        UNION ALL SELECT issued_on FROM read.invitation
        UNION ALL SELECT received_on FROM read.opinion
        UNION ALL SELECT answered_on FROM read.opinion
    ) AS said
) AS v

-- name: fields
-- What fields are called.
SELECT DISTINCT ON (field) field, field_name FROM read.procedure ORDER BY field, code

-- name: agencies
-- What the agencies of the catalogue are called.
SELECT DISTINCT agency_name FROM read.procedure WHERE agency_name IS NOT NULL

-- name: is_field
-- Whether the catalogue, or a dossier, has such a field.
SELECT EXISTS (SELECT FROM read.procedure WHERE field = $1) OR EXISTS (SELECT FROM read.dossier_register WHERE field = $1)

-- name: parked
-- Facts that the shown version of the mirror could not apply, and those that wait behind them.
SELECT count(*) FROM log.parked AS p JOIN log.read_model AS m ON p.consumer = m.name || '_v' || m.version WHERE m.name = $1
