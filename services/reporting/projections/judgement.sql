-- name: judgement
-- How a dossier is judged, by its row and by what its clock did. Said once, and used by what keeps the counts (kept.sql) and by who
-- looks back (looking_back.sql): the names in braces are the tables, or these as they were at a past position.
SELECT d.dossier_id, d.agency, d.field, d.unit, d.procedure, d.channel, d.code, d.submitted_on, d.accepted_on, e.ended_on,
    CASE
        WHEN e.ended_on IS NULL THEN NULL
        WHEN c.late_from IS NOT NULL THEN 'late'
        WHEN e.ended_on < c.due_on AND d.withdrawn_on IS DISTINCT FROM e.ended_on THEN 'early'
        ELSE 'on-time'
    END AS verdict,
    c.late_from, d.refused_on, d.withdrawn_on, d.returned_on,
    CASE WHEN e.ended_on IS NOT NULL THEN coalesce(c.waited, 0) END AS waited
FROM {dossiers} AS d
CROSS JOIN LATERAL (SELECT CASE WHEN d.accepted_on IS NOT NULL THEN least(d.ready_on, d.withdrawn_on) END) AS e (ended_on)
CROSS JOIN LATERAL (
    -- An appointment holds from the day that it was given until the clock stops or begins anew, or the work is over.
    SELECT min(greatest(due_on + 1, changed_on)) FILTER (WHERE due_on < coalesce(least(until_on, e.ended_on), 'infinity')) AS late_from,
        (array_agg(due_on ORDER BY intake_pos DESC)
            FILTER (WHERE due_on IS NOT NULL AND changed_on <= coalesce(e.ended_on, 'infinity')))[1] AS due_on,
        sum(least(until_on, e.ended_on) - least(changed_on, e.ended_on)) FILTER (WHERE NOT runs)::integer AS waited
    FROM (
        SELECT intake_pos, changed_on, runs, due_on, lead(changed_on) OVER (ORDER BY intake_pos) AS until_on
        FROM {clock} AS c WHERE c.dossier_id = d.dossier_id
    ) AS stretch
) AS c

-- name: happened
-- What happened to a judged dossier `j`, each with its day.
unnest(
    ARRAY[j.submitted_on, j.accepted_on, j.ended_on, j.late_from, j.refused_on, j.withdrawn_on, j.returned_on],
    ARRAY['submitted', 'accepted', j.verdict, 'missed', 'refused', 'withdrawn', 'returned']
)

-- name: lain
-- With whom a judged dossier `j` lay, and for how many days, once it is over. The rule: domain/dwell.py.
unnest(
    ARRAY['desk', 'department', 'applicant', 'total'],
    ARRAY[j.accepted_on - j.submitted_on, j.ended_on - j.accepted_on - j.waited, j.waited, j.ended_on - j.submitted_on]
)
