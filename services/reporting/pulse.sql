-- name: turned
-- By how much the dossiers in progress, and those of them that had missed an appointment, changed on each day up to $2; all days before $1
-- as one. $3 agencies in scope.
SELECT greatest(on_day, $1::date - 1) AS on_day,
    coalesce(sum(CASE what WHEN 'accepted' THEN n WHEN 'early' THEN -n WHEN 'on-time' THEN -n WHEN 'late' THEN -n END), 0) AS in_progress,
    coalesce(sum(CASE what WHEN 'missed' THEN n WHEN 'late' THEN -n END), 0) AS late
FROM read.tally
WHERE grain = 'date' AND on_day <= $2
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
GROUP BY 1
ORDER BY 1

-- name: lain
-- For how many days dossiers lay with each holder that were over in whole months ($1 first, $2 last day); $3 agencies in scope.
SELECT holder, days, sum(n) AS n
FROM read.lain
WHERE month BETWEEN $1 AND $2
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
GROUP BY 1, 2
ORDER BY 1, 2

-- name: page
-- After `within` (queries.sql): all that the page counts, in one reading: the columns of the form by field, by unit, and of all, with what is
-- in no column of it; and what was resolved by month. `cut` says which of these a line is.
, dated AS (
    SELECT *, CASE WHEN NOT before AND what IN ('early', 'on-time', 'late') THEN to_char(on_day, 'YYYY-MM') END AS on_month
    FROM within
    WHERE month IS NOT NULL OR what IN ('refused', 'withdrawn')
), lines AS (
    SELECT CASE grouping(field, unit, on_month) WHEN 3 THEN 'field' WHEN 5 THEN 'unit' WHEN 6 THEN 'month' ELSE 'all' END AS cut,
        coalesce(field, unit, on_month) AS line,
        coalesce(sum(n) FILTER (WHERE NOT before AND what = 'refused'), 0) AS refused,
        coalesce(sum(n) FILTER (WHERE NOT before AND what = 'withdrawn'), 0) AS withdrawn,
        {columns}
    FROM dated
    GROUP BY GROUPING SETS ((field), (unit), (on_month), ())
), added AS (
    {added}
)
SELECT cut, line, refused, withdrawn, {form}
FROM added
WHERE cut = 'all' OR (received > 0 AND cut <> 'month') OR (resolved > 0 AND line IS NOT NULL)
ORDER BY cut, line
