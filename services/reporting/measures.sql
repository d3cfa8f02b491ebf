-- The measures of indicators, counted from the read tables: the other computation is domain/measures.py, which also says what each means.
-- In each: $1 first, $2 last local day; $3 agencies in scope, null = all. $5 says how many days were worked up to each day from $4 on; a day
-- outside is one that no calendar knows, and so is what it counts: null.

-- name: of_dossiers
-- Dossiers that were in hand, each with what QĐ 766 and the indicators ask of it.
WITH in_hand AS (
    SELECT j.dossier_id, j.accepted_on, j.ended_on, j.ended_on BETWEEN $1 AND $2 AS over, least(j.ended_on, $2::date) AS until_on
    FROM read.judged AS j
    WHERE j.accepted_on <= $2 AND (j.ended_on IS NULL OR j.ended_on >= $1)
      AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE j.agency = own OR starts_with(j.agency, own || '.')))
), known AS (
    SELECT h.*, d.limit_days, nullif(d.components, '') AS components,
        (SELECT count(*) FROM read.supplement_request AS s WHERE s.dossier_id = h.dossier_id AND s.asked_on <= h.until_on) AS requests,
        given.given_on, given.due_on
    FROM in_hand AS h
    LEFT JOIN read.demand AS d USING (dossier_id)
    LEFT JOIN LATERAL (
        -- The appointment that the law gave last: at acceptance, or where it moved for another reason than a supplement.
        SELECT g.given_on, g.due_on
        FROM (
            SELECT r.accepted_pos AS pos, c.changed_on AS given_on, c.due_on
            FROM read.dossier_register AS r JOIN read.clock AS c ON c.intake_pos = r.accepted_pos
            WHERE r.dossier_id = h.dossier_id
            UNION ALL
            SELECT m.intake_pos, m.moved_on, m.due_on FROM read.moved_appointment AS m WHERE m.dossier_id = h.dossier_id AND m.by_law
        ) AS g
        WHERE g.given_on <= h.until_on
        ORDER BY g.pos DESC
        LIMIT 1
    ) AS given ON true
), waited AS (
    SELECT k.*, w.days, w.worked, w.unknown
    FROM known AS k
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(greatest(least(s.until_on, k.until_on) - greatest(s.since_on, k.given_on), 0)), 0) AS days,
            coalesce(sum(($5::integer[])[least(s.until_on, k.until_on) - $4::date + 1] - ($5::integer[])[greatest(s.since_on, k.accepted_on) - $4::date + 1])
                FILTER (WHERE least(s.until_on, k.until_on) > greatest(s.since_on, k.accepted_on)), 0) AS worked,
            coalesce(bool_or((($5::integer[])[least(s.until_on, k.until_on) - $4::date + 1] - ($5::integer[])[greatest(s.since_on, k.accepted_on) - $4::date + 1]) IS NULL)
                FILTER (WHERE least(s.until_on, k.until_on) > greatest(s.since_on, k.accepted_on)), false) AS unknown
        FROM (
            SELECT c.runs, c.changed_on AS since_on, lead(c.changed_on, 1, 'infinity'::date) OVER (ORDER BY c.intake_pos) AS until_on
            FROM read.clock AS c
            WHERE c.dossier_id = k.dossier_id
        ) AS s
        WHERE NOT s.runs
    ) AS w
), used AS (
    SELECT *, CASE WHEN NOT unknown THEN ($5::integer[])[ended_on - $4::date + 1] - ($5::integer[])[accepted_on - $4::date + 1] - worked END AS used
    FROM waited
)
SELECT
    count(*) FILTER (WHERE requests <= 1 AND (due_on IS NULL OR until_on - due_on <= days)) AS qd766_in_time,
    coalesce(sum(limit_days) FILTER (WHERE over), 0) AS limit_days_allowed,
    CASE WHEN NOT coalesce(bool_or(used IS NULL) FILTER (WHERE over AND limit_days IS NOT NULL), false)
        THEN coalesce(sum(used) FILTER (WHERE over AND limit_days IS NOT NULL), 0) END AS limit_days_used,
    count(*) FILTER (WHERE over AND requests = 0) AS supplements_none,
    count(*) FILTER (WHERE over AND requests = 1) AS supplements_one,
    count(*) FILTER (WHERE over AND requests > 1) AS supplements_more,
    count(*) FILTER (WHERE accepted_on >= $1 AND components IS NOT NULL) AS digitisable,
    count(*) FILTER (WHERE accepted_on >= $1 AND components IS NOT NULL AND NOT EXISTS (
        SELECT FROM unnest(string_to_array(components, ' ')) AS wanted
        WHERE NOT EXISTS (
            SELECT FROM read.attachment AS a WHERE a.dossier_id = used.dossier_id AND a.component = wanted AND a.attached_on <= $2
        )
    )) AS digitised
FROM used

-- name: of_the_door
-- Payments, decisions about the catalogue, procedures, and opinions that other agencies were asked for.
WITH paid AS (
    SELECT count(*) AS payments, count(*) FILTER (WHERE online) AS payments_online
    FROM read.payment
    WHERE paid_on BETWEEN $1 AND $2
      AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
), revised AS (
    SELECT count(*) AS revisions,
        CASE WHEN NOT coalesce(bool_or(days IS NULL), false) THEN count(*) FILTER (WHERE days <= 5) END AS revisions_in_time
    FROM (
        SELECT CASE WHEN revised_on <= signed_on THEN 0
            ELSE ($5::integer[])[revised_on - $4::date + 1] - ($5::integer[])[signed_on - $4::date + 1] END AS days
        FROM read.revision
        WHERE revised_on BETWEEN $1 AND $2
          AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
    ) AS span
), catalogued AS (
    SELECT count(*) AS procedures, count(*) FILTER (WHERE whole) AS procedures_whole
    FROM (
        SELECT DISTINCT ON (code) agency, whole FROM read.published_version WHERE published_on <= $2 ORDER BY code, intake_pos DESC
    ) AS last
    WHERE $3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.'))
), consulted AS (
    SELECT count(*) FILTER (WHERE answered_on >= $1 AND answered_on < due_on) AS consultations_early,
        count(*) FILTER (WHERE answered_on >= $1 AND answered_on = due_on) AS consultations_on_time,
        count(*) FILTER (WHERE (answered_on >= $1 AND answered_on > due_on) OR (answered_on IS NULL AND due_on < $2)) AS consultations_late
    FROM (
        SELECT max(due_on) FILTER (WHERE asked_on <= $2) AS due_on, max(answered_on) FILTER (WHERE answered_on <= $2) AS answered_on
        FROM read.consultation_turn
        WHERE $3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.'))
        GROUP BY case_id, number
    ) AS asked
)
SELECT * FROM paid, revised, catalogued, consulted

-- name: of_petitions
-- Beside what petitions.sql counts ($6: positions of those in hand): prolonged, and answered or refused for the first time in the period.
WITH turn AS (
    SELECT * FROM read.petition_turn
    WHERE on_day <= $2
      AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
), prolonged AS (
    SELECT count(DISTINCT e.petition_id) AS petitions_prolonged
    FROM turn AS r JOIN turn AS e ON e.petition_id = r.petition_id AND e.what = 'extended' AND e.on_day >= $1
    WHERE r.what = 'received' AND r.turn_pos = ANY ($6::bigint[])
), told AS (
    SELECT t.petition_id, t.what,
        (array_agg(t.on_day ORDER BY t.turn_pos))[1] AS first_on,
        (SELECT min(r.on_day) FROM turn AS r WHERE r.petition_id = t.petition_id AND r.what = 'received') AS received_on
    FROM turn AS t
    WHERE t.what IN ('answered', 'refused')
      AND NOT EXISTS (SELECT FROM turn AS d WHERE d.petition_id = t.petition_id AND d.kind = 'denunciation')
    GROUP BY t.petition_id, t.what
), span AS (
    SELECT what, CASE WHEN first_on <= received_on THEN 0
        ELSE ($5::integer[])[first_on - $4::date + 1] - ($5::integer[])[received_on - $4::date + 1] END AS days
    FROM told
    WHERE first_on >= $1 AND received_on IS NOT NULL
)
SELECT petitions_prolonged,
    (SELECT count(*) FROM span WHERE what = 'answered') AS petitions_answered,
    (SELECT CASE WHEN NOT coalesce(bool_or(days IS NULL), false) THEN count(*) FILTER (WHERE days <= 15) END FROM span WHERE what = 'answered')
        AS petitions_answered_soon,
    (SELECT count(*) FROM span WHERE what = 'refused') AS petitions_refused,
    (SELECT CASE WHEN NOT coalesce(bool_or(days IS NULL), false) THEN count(*) FILTER (WHERE days <= 2) END FROM span WHERE what = 'refused')
        AS petitions_refused_soon
FROM prolonged

-- name: overridden
-- What leaders said of the indicators of a set ($3) of exactly this agency ($4) and period ($1, $2), and still stands.
SELECT override_id, indicator, value, computed, reason, decision, evidence, overridden_by, overridden_at, overridden_pos
FROM read.overriding
WHERE period_from = $1 AND period_to = $2 AND pack = $3 AND agency = $4 AND withdrawn_at IS NULL
ORDER BY indicator
