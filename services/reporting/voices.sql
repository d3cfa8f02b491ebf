-- name: answers
-- What was answered, batch by batch; $1 first, $2 last day, of whole months; $3 the position as of which. A batch of which not all
-- is there yet is not there. Of each question: how many answered it, the sum, the sum of the squares, and how many said 4 or 5.
SELECT to_char(min(recorded_on), 'YYYY-MM') AS month, agency, procedure, field, occasion, officer, unit, slowest, steps,
    max(pos_feedback) AS at, {positions} AS positions,
    {tallies}
FROM read.rating
WHERE recorded_on BETWEEN $1 AND $2 AND pos_feedback <= $3
GROUP BY batch, agency, procedure, field, occasion, officer, unit, slowest, steps
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
-- $4 how many are counted together. In the order of positions, so many at a time make a part that never changes; the last few of
-- each kind, who are fewer, are told apart from those by `n`. Those of a round (a week of a month) that was over already
-- are `late`, and apart as well.
WITH asked AS MATERIALIZED (
    SELECT greatest(date_trunc('month', issued_on::timestamp), date_trunc('week', issued_on::timestamp))::date AS round, * FROM read.invitation WHERE issued_on >= $1 AND pos_feedback <= $3
), over_at AS (
    SELECT round, min(min(pos_feedback)) OVER (ORDER BY round ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS at
    FROM asked
    GROUP BY round
), placed AS (
    SELECT i.round, i.agency, i.procedure, i.field, i.occasion, i.officer, d.channel, d.outcome, i.pos_feedback AS at,
        coalesce(i.pos_feedback >= o.at, false) AS late, o.at AS over_at, (a.invitation_id IS NOT NULL)::integer AS used,
        (row_number() OVER (
            PARTITION BY i.round, i.agency, i.procedure, i.field, i.occasion, i.officer, d.channel, d.outcome, coalesce(i.pos_feedback >= o.at, false)
            ORDER BY i.pos_feedback
        ) - 1) / $4::integer AS place
    FROM asked AS i
    JOIN over_at AS o USING (round)
    LEFT JOIN read.dossier_register AS d USING (dossier_id)
    LEFT JOIN read.admission AS a ON a.invitation_id = i.invitation_id AND a.pos_feedback <= $3
    WHERE i.issued_on <= $2
), parts AS (
    SELECT round, agency, procedure, field, occasion, officer, channel, outcome, late, over_at, place,
        count(*) AS n, sum(used) AS used, max(at) AS at
    FROM placed
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
)
SELECT to_char(round, 'YYYY-MM') AS month, round, agency, procedure, field, occasion, officer, channel, outcome, late, over_at,
    sum(n)::integer AS n, sum(used)::integer AS used, max(at) AS at
FROM parts
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, n >= $4::integer
ORDER BY at
