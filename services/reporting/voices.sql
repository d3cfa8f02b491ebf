-- name: answers
-- What was answered, batch by batch; $1 first, $2 last day, of whole months; $3 the position as of which. A batch of which not all
-- is there yet is not there. Of each question: how many answered it, the sum, the sum of the squares, how many said 4 or 5, and 1 or 2.
SELECT to_char(min(recorded_on), 'YYYY-MM') AS month, agency, procedure, field, occasion, officer, unit, slowest, steps,
    campaign, max(pos_feedback) AS at, {positions} AS positions,
    {tallies}
FROM read.rating
WHERE recorded_on BETWEEN $1 AND $2 AND pos_feedback <= $3
GROUP BY batch, agency, procedure, field, occasion, officer, unit, slowest, steps, campaign
HAVING count(*) >= max(batch_size)
ORDER BY at

-- name: answers_begin
-- Of each month from day $1 on how many answers it has, as of position $2, and the first and the last position of one: when a month
-- has its first, those before are over.
SELECT to_char(recorded_on, 'YYYY-MM') AS month, count(*) AS n, min(pos_feedback) AS at, max(pos_feedback) AS last
FROM read.rating
WHERE recorded_on >= $1 AND pos_feedback <= $2
GROUP BY 1

-- name: asked
-- Who was asked, and how many of them were let in to answer; $1 first, $2 last day, of whole months; $3 the position as of which;
-- $4 how many are counted together; $5 how many of an agency and month make a round, which is over with its last. In the order of
-- positions, so many at a time make a part that never changes; the last few of each kind in a round, who are fewer, are apart.
WITH asked AS MATERIALIZED (
    SELECT date_trunc('month', issued_on::timestamp)::date AS month, *,
        (row_number() OVER (PARTITION BY date_trunc('month', issued_on::timestamp), agency ORDER BY pos_feedback) - 1) / $5::integer AS round
    FROM read.invitation
    WHERE issued_on BETWEEN $1 AND $2 AND pos_feedback <= $3
), placed AS (
    SELECT i.month, i.round, i.agency, i.procedure, i.field, i.occasion, i.officer, d.channel, d.outcome, i.pos_feedback AS at,
        CASE WHEN count(*) OVER of_round = $5::integer THEN max(i.pos_feedback) OVER of_round END AS over_at,
        (a.invitation_id IS NOT NULL)::integer AS used,
        (row_number() OVER (
            PARTITION BY i.month, i.round, i.agency, i.procedure, i.field, i.occasion, i.officer, d.channel, d.outcome ORDER BY i.pos_feedback
        ) - 1) / $4::integer AS place
    FROM asked AS i
    LEFT JOIN read.dossier_register AS d USING (dossier_id)
    LEFT JOIN read.admission AS a ON a.invitation_id = i.invitation_id AND a.pos_feedback <= $3
    WINDOW of_round AS (PARTITION BY i.month, i.agency, i.round)
), parts AS (
    SELECT month, round, agency, procedure, field, occasion, officer, channel, outcome, over_at, place,
        count(*) AS n, sum(used) AS used, max(at) AS at
    FROM placed
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
)
SELECT to_char(month, 'YYYY-MM') AS month, round, agency, procedure, field, occasion, officer, channel, outcome, over_at,
    sum(n)::integer AS n, sum(used)::integer AS used, max(at) AS at
FROM parts
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, n >= $4::integer
ORDER BY at
