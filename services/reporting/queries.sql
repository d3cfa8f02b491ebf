-- name: figures
-- Counters of one period by month of acceptance, agency and field; $1 first and $2 last local day, $3 agencies in scope.
-- A dossier is resolved when its result is ready or when it is withdrawn after acceptance; late when that is after its due day.
WITH accepted AS (
    SELECT *, least(ready_on, withdrawn_on) AS ended_on FROM read.dossier_register
    WHERE accepted_on <= $2
      AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE agency = own OR starts_with(agency, own || '.')))
), counted AS (
    SELECT *, (ended_on IS NOT NULL AND ended_on <= $2) AS resolved FROM accepted WHERE ended_on IS NULL OR ended_on >= $1
)
SELECT to_char(accepted_on, 'YYYY-MM') AS month, agency, field,
    count(*) AS received,
    count(*) FILTER (WHERE accepted_on >= $1 AND channel = 'online') AS received_online,
    count(*) FILTER (WHERE accepted_on >= $1 AND channel <> 'online') AS received_direct,
    count(*) FILTER (WHERE accepted_on < $1) AS carried_over,
    count(*) FILTER (WHERE resolved) AS resolved,
    count(*) FILTER (WHERE resolved AND ended_on < due_on) AS resolved_early,
    count(*) FILTER (WHERE resolved AND (due_on IS NULL OR ended_on = due_on)) AS resolved_on_time,
    count(*) FILTER (WHERE resolved AND ended_on > due_on) AS resolved_late,
    count(*) FILTER (WHERE NOT resolved) AS in_progress,
    count(*) FILTER (WHERE NOT resolved AND (due_on IS NULL OR due_on >= $2)) AS in_progress_in_time,
    count(*) FILTER (WHERE NOT resolved AND due_on < $2) AS in_progress_late
FROM counted
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- name: others
-- What is in no column of the form: refusals at the desk, withdrawals; and how people were satisfied.
SELECT
    (SELECT count(*) FROM read.dossier_register WHERE refused_on BETWEEN $1 AND $2) AS refused,
    (SELECT count(*) FROM read.dossier_register WHERE withdrawn_on BETWEEN $1 AND $2) AS withdrawn,
    (SELECT count(*) FROM read.rating WHERE recorded_on BETWEEN $1 AND $2) AS ratings,
    (SELECT count(*) FROM read.rating WHERE recorded_on BETWEEN $1 AND $2 AND satisfaction >= 4) AS satisfied,
    (SELECT count(*) FROM read.invitation WHERE issued_on BETWEEN $1 AND $2) AS invitations
