-- name: petitions
-- What each figure of each line of a cut is made of: positions of the facts that petitions were received with. $1 first, $2 last local day,
-- $3 agencies in scope (null = all). What each figure means, and why: domain/petitions.py.
WITH turn AS (
    SELECT * FROM read.petition_turn
    WHERE on_day <= $2
      AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
), petition AS (
    SELECT petition_id, min(agency) AS agency,
        min(turn_pos) FILTER (WHERE what = 'received') AS at,
        min(on_day) FILTER (WHERE what = 'received') AS received_on,
        (array_agg(kind ORDER BY turn_pos DESC) FILTER (WHERE kind IS NOT NULL))[1] AS kind,
        (array_agg(unit ORDER BY turn_pos DESC) FILTER (WHERE unit IS NOT NULL))[1] AS unit,
        (array_agg(due_on ORDER BY turn_pos DESC) FILTER (WHERE due_on IS NOT NULL))[1] AS due_on,
        (array_agg(what ORDER BY turn_pos DESC) FILTER (WHERE what NOT IN ('classified', 'assigned', 'extended')))[1] AS state,
        (array_agg(what ORDER BY turn_pos DESC) FILTER (WHERE what NOT IN ('classified', 'assigned', 'extended') AND on_day < $1))[1] AS state_before,
        bool_or(what = 'reopened' AND on_day >= $1) AS reopened,
        coalesce(bool_or(late), false) AS late,
        coalesce(bool_or(kind = 'denunciation'), false) AS denounces
    FROM turn
    GROUP BY petition_id
), in_hand AS (
    SELECT *, to_char(received_on, 'YYYY-MM') AS month, state IN ('received', 'reopened') AS open
    FROM petition
    WHERE NOT denounces AND received_on IS NOT NULL AND (received_on >= $1 OR state_before IN ('received', 'reopened') OR reopened)
)
SELECT {cut},
    array_agg(at ORDER BY at) AS in_hand,
    array_agg(at ORDER BY at) FILTER (WHERE received_on >= $1) AS received,
    array_agg(at ORDER BY at) FILTER (WHERE kind IS NOT NULL AND state <> 'refused') AS receivable,
    array_agg(at ORDER BY at) FILTER (WHERE state = 'answered' AND NOT late) AS answered_in_time,
    array_agg(at ORDER BY at) FILTER (WHERE state = 'answered' AND late) AS answered_late,
    array_agg(at ORDER BY at) FILTER (WHERE open AND due_on >= $2) AS open_in_time,
    array_agg(at ORDER BY at) FILTER (WHERE open AND due_on < $2) AS open_overdue,
    array_agg(at ORDER BY at) FILTER (WHERE state = 'refused') AS refused,
    array_agg(at ORDER BY at) FILTER (WHERE state = 'forwarded') AS forwarded,
    array_agg(at ORDER BY at) FILTER (WHERE state = 'merged') AS merged,
    array_agg(at ORDER BY at) FILTER (WHERE state = 'withdrawn') AS withdrawn
FROM in_hand
GROUP BY {cut}
ORDER BY {cut}

-- name: denunciations
-- What was called a denunciation for the first time from day $1 to day $2, of whole months, in the order of positions.
SELECT min(agency) AS agency, to_char(min(on_day), 'YYYY-MM') AS month, min(turn_pos) AS at
FROM read.petition_turn
WHERE kind = 'denunciation'
GROUP BY petition_id
HAVING min(on_day) BETWEEN $1 AND $2
ORDER BY 3

-- name: months_begin
-- The first position of each month from day $1 on: when a month has one, those before are over.
SELECT to_char(on_day, 'YYYY-MM') AS month, min(turn_pos) AS at FROM read.petition_turn WHERE on_day >= $1 GROUP BY 1

-- name: meetings
-- Meetings held from day $1 to day $2 and not struck by then, of the agencies in scope ($3), by kind.
SELECT kind, array_agg(held_pos ORDER BY held_pos) AS held
FROM read.engagement
WHERE held_on BETWEEN $1 AND $2 AND (struck_on IS NULL OR struck_on > $2)
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
GROUP BY kind
