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
