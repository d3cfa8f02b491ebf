-- name: within
-- Not a statement, but how the others begin: what was counted in a period ($1 first, $2 last local day, $3 agencies in scope, null =
-- all), from whole months and the days at their edges; `opening` is what was in progress when it began. How `read.tally` is kept:
-- projections/kept.sql; what each word means, and why: domain/figures.py. Who asks as of a past position puts what became known since
-- into the places in braces: looking_back.sql.
{then} bounds AS (
    -- Half-open: [$1, after). Whole months lie from `since` up to `until`; without any, every day stands for itself.
    SELECT after_on, since_on, greatest(until_on, least(since_on, after_on)) AS until_on, least(since_on, after_on) AS days_until_on
    FROM (
        SELECT $2::date + 1 AS after_on,
            {months_from} AS since_on,
            date_trunc('month', $2::date + 1)::date AS until_on
    ) AS cut
), counted AS (
    SELECT false AS before, t.* FROM bounds AS b JOIN read.tally AS t ON t.grain = 'month' AND t.on_day >= b.since_on AND t.on_day < b.until_on
    UNION ALL
    SELECT false, t.* FROM bounds AS b JOIN read.tally AS t ON t.grain = 'day' AND t.on_day >= $1 AND t.on_day < b.days_until_on
    UNION ALL
    SELECT false, t.* FROM bounds AS b JOIN read.tally AS t ON t.grain = 'day' AND t.on_day >= b.until_on AND t.on_day < b.after_on
    UNION ALL
    SELECT true, t.* FROM read.tally AS t WHERE t.grain = 'month' AND t.on_day < date_trunc('month', $1::date)::date
    UNION ALL
    SELECT true, t.* FROM read.tally AS t WHERE t.grain = 'day' AND t.on_day >= date_trunc('month', $1::date)::date AND t.on_day < $1
    {since}
), within AS (
    SELECT * FROM counted
    WHERE $3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.'))
)

-- name: columns
-- Not a statement: the columns of form II.06a that the others follow from, as sums over what was counted `within` a period.
coalesce(sum(n) FILTER (WHERE NOT before AND what = 'accepted' AND channel = 'online'), 0) AS received_online,
coalesce(sum(n) FILTER (WHERE NOT before AND what = 'accepted' AND channel <> 'online'), 0) AS received_direct,
coalesce(sum(CASE what WHEN 'accepted' THEN n WHEN 'early' THEN -n WHEN 'on-time' THEN -n WHEN 'late' THEN -n END) FILTER (WHERE before), 0)
    AS carried_over,
coalesce(sum(n) FILTER (WHERE NOT before AND what = 'early'), 0) AS resolved_early,
coalesce(sum(n) FILTER (WHERE NOT before AND what = 'on-time'), 0) AS resolved_on_time,
coalesce(sum(n) FILTER (WHERE NOT before AND what = 'late'), 0) AS resolved_late,
coalesce(sum(CASE what WHEN 'missed' THEN n WHEN 'late' THEN -n END), 0) AS in_progress_late

-- name: figures
-- After `within`: the columns of form II.06a by the columns of a cut.
, lines AS (
    SELECT {cut},
        {columns}
    FROM within
    WHERE month IS NOT NULL
    GROUP BY {cut}
), added AS (
    {added}
)
SELECT {told}, {form}
FROM added
WHERE received > 0
ORDER BY {cut}

-- name: added
-- Not a statement: `lines`, which have these columns, with those that they add up to.
SELECT *, received_online + received_direct + carried_over AS received, resolved_early + resolved_on_time + resolved_late AS resolved
FROM lines

-- name: form
-- Not a statement: the columns of `added` in the form's order.
received, received_online, received_direct, carried_over,
    resolved, resolved_early, resolved_on_time, resolved_late,
    received - resolved AS in_progress, received - resolved - in_progress_late AS in_progress_in_time, in_progress_late

-- name: months
-- After `within`: what was resolved, by the month in which it was.
SELECT to_char(on_day, 'YYYY-MM') AS month,
    coalesce(sum(n) FILTER (WHERE what <> 'late'), 0) AS in_time,
    coalesce(sum(n) FILTER (WHERE what = 'late'), 0) AS late
FROM within
WHERE NOT before AND what IN ('early', 'on-time', 'late')
GROUP BY 1
ORDER BY 1

-- name: beside
-- After `within`: what is in no column of the form.
SELECT coalesce(sum(n) FILTER (WHERE what = 'refused'), 0) AS refused, coalesce(sum(n) FILTER (WHERE what = 'withdrawn'), 0) AS withdrawn
FROM within
WHERE NOT before

-- name: lain
-- Not a statement, but what others begin from: with whom each dossier lay that was resolved in a period ($1 first, $2 last day; $3 agencies
-- in scope). $5 says how many days were worked from day $4 up to each day after it; null = nobody knows. The rule: domain/dwell.py.
SELECT date_trunc('month', j.accepted_on::timestamp)::date AS month, j.agency, j.field, j.unit, j.procedure, j.channel, j.ended_on,
    j.accepted_on - j.submitted_on AS desk,
    ($5::integer[])[j.accepted_on - $4::date + 1] - ($5::integer[])[j.submitted_on - $4::date + 1] AS desk_working,
    j.ended_on - j.accepted_on - waited.days AS department,
    ($5::integer[])[j.ended_on - $4::date + 1] - ($5::integer[])[j.accepted_on - $4::date + 1] - waited.working AS department_working,
    waited.days AS applicant,
    CASE WHEN $5::integer[] IS NOT NULL THEN waited.working END AS applicant_working,
    j.ended_on - j.submitted_on AS total,
    ($5::integer[])[j.ended_on - $4::date + 1] - ($5::integer[])[j.submitted_on - $4::date + 1] AS total_working
FROM read.judged AS j
CROSS JOIN LATERAL (
    SELECT coalesce(sum(until_on - since_on), 0)::integer AS days,
        coalesce(sum(($5::integer[])[until_on - $4::date + 1] - ($5::integer[])[since_on - $4::date + 1]), 0)::integer AS working
    FROM (
        SELECT c.runs, least(c.changed_on, j.ended_on) AS since_on,
            least(lead(c.changed_on) OVER (ORDER BY c.intake_pos), j.ended_on) AS until_on
        FROM read.clock AS c
        WHERE c.dossier_id = j.dossier_id
    ) AS stretch
    WHERE NOT runs
) AS waited
WHERE j.ended_on BETWEEN $1 AND $2
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE j.agency = own OR starts_with(j.agency, own || '.')))

-- name: dwell
-- Of what `lain` gives: percentiles, by the columns of a cut.
SELECT {told}, count(*) AS dossiers,
    {shares}
FROM ({lain}) AS lain
GROUP BY {cut}
ORDER BY {cut}

-- name: step_turns
-- The turns of the cases that were over in a period ($1 first, $2 last day; $3 agencies in scope), case by case; at most $4.
SELECT c.case_id, c.agency, c.field, c.procedure, t.turned_at, t.open_steps, t.runs
FROM read.worked_case AS c
JOIN read.step_turn AS t USING (case_id)
WHERE c.ended_on BETWEEN $1 AND $2
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE c.agency = own OR starts_with(c.agency, own || '.')))
ORDER BY c.case_id, t.processing_pos
LIMIT $4

-- name: register
-- The dossiers behind the figures: a page of one book in the order of its days, as it stood at the close of the last day. $1 first,
-- $2 last day; $3 agencies in scope, null = all; filters: $4 state, $5 field, $6 late; $7, $8 sort key of the row before; $9 rows. Nothing
-- later than $2 is shown. What stands in braces says which rows these are, of which line, and in what order: query_books.py.
SELECT book.*, p.name AS procedure_name, p.field_name, p.agency_name
FROM (
    SELECT j.dossier_id, j.code, j.procedure, j.field, j.agency, j.unit, j.channel, j.accepted_on, clocked.due_on, coalesce(j.late_from <= least($2, j.ended_on), false) AS late,
        CASE WHEN d.ready_on <= $2 THEN d.ready_on END AS ready_on,
        CASE WHEN d.returned_on <= $2 THEN d.returned_on END AS returned_on,
        CASE WHEN d.withdrawn_on <= $2 THEN d.withdrawn_on END AS withdrawn_on,
        CASE WHEN d.ready_on <= $2 THEN d.outcome END AS outcome,
        CASE
            WHEN d.withdrawn_on <= $2 THEN 'withdrawn'
            WHEN d.returned_on <= $2 THEN 'returned'
            WHEN d.ready_on <= $2 THEN 'result-ready'
            WHEN clocked.runs THEN 'in-progress'
            ELSE 'awaiting-supplement'
        END AS state,
        j.{day} AS day
    FROM read.judged AS j
    JOIN read.dossier_register AS d USING (dossier_id)
    CROSS JOIN LATERAL (
        SELECT (array_agg(runs ORDER BY intake_pos DESC))[1] AS runs,
            (array_agg(due_on ORDER BY intake_pos DESC) FILTER (WHERE due_on IS NOT NULL))[1] AS due_on
        FROM read.clock AS c
        WHERE c.dossier_id = j.dossier_id AND c.changed_on <= $2
    ) AS clocked
    WHERE {book}
      AND {line}
      AND j.accepted_on IS NOT NULL
      AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE j.agency = own OR starts_with(j.agency, own || '.')))
      AND ($5::text IS NULL OR j.field = $5)
      AND ($7::date IS NULL OR (j.{day}, j.code) > ($7, $8::text))
) AS book
LEFT JOIN read.procedure AS p ON p.code = book.procedure
WHERE ($4::text IS NULL OR book.state = $4)
  AND ($6::boolean IS NULL OR book.late = $6)
ORDER BY book.day, book.code
LIMIT $9

-- name: agency_of
-- Whose dossier $1 is.
SELECT agency FROM read.dossier_register WHERE dossier_id = $1

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

-- name: low_scores
-- Scores that fell and have not recovered, the oldest first; $1 agencies in scope.
SELECT score_id, agency, whose, subject, period_from, period_to, answers, satisfied, floor, fell_at
FROM read.score
WHERE recovered_at IS NULL
  AND ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
ORDER BY fell_at, score_id
LIMIT 1000

-- name: known
-- The first and the last day that the mirror knows of; null while it knows nothing. An appointment that will be missed is no news yet.
SELECT least(d.first, v.first) AS first, greatest(d.last, v.last) AS last
FROM (
    SELECT (SELECT on_day FROM read.tally WHERE grain = 'day' AND what <> 'missed' ORDER BY on_day LIMIT 1) AS first,
        (SELECT on_day FROM read.tally WHERE grain = 'day' AND what <> 'missed' ORDER BY on_day DESC LIMIT 1) AS last
) AS d, (
    SELECT min(said_on) AS first, max(said_on) AS last FROM (
        SELECT recorded_on AS said_on FROM read.rating
        UNION ALL SELECT issued_on FROM read.invitation
        UNION ALL SELECT received_on FROM read.opinion
        UNION ALL SELECT answered_on FROM read.opinion
        UNION ALL SELECT on_day FROM read.petition_turn
        UNION ALL SELECT held_on FROM read.engagement
    ) AS said
) AS v

-- name: fields
-- What fields are called.
SELECT DISTINCT ON (field) field, field_name FROM read.procedure ORDER BY field, code

-- name: agencies
-- What the agencies of the catalogue are called.
SELECT DISTINCT agency_name FROM read.procedure WHERE agency_name IS NOT NULL

-- name: name_of_agency
-- What an agency is called.
SELECT min(agency_name) FROM read.procedure WHERE agency = $1

-- name: is_field
-- Whether the catalogue, or a dossier, has such a field.
SELECT EXISTS (SELECT FROM read.procedure WHERE field = $1) OR EXISTS (SELECT FROM read.tally WHERE field = $1)

-- name: parked
-- Facts that the shown version of the mirror could not apply, and those that wait behind them.
SELECT count(*) FROM log.parked AS p JOIN log.read_model AS m ON p.consumer = m.name || '_v' || m.version WHERE m.name = $1
