-- Questions with a closed grammar: what stands in braces is put together in query_grammar.py from its catalogue, never from what a caller
-- wrote; his values are parameters. $1 first, $2 last local day, $3 agencies in scope (null = all).

-- name: counts
-- After `within`: what happened in each window, and what stood at its close: all that came before is opened with the first
-- window. Where nothing happened in a window, what stood still stands. A line in which nothing is counted is left out.
, happened AS (
    SELECT {window} AS at, {dimensions}
        {counts}
    FROM (SELECT *, greatest(on_day, $1) AS day FROM within) AS told
    WHERE {filters}
    GROUP BY {keys}
), windows AS (
    SELECT DISTINCT {window} AS at FROM generate_series($1::date, $2::date, interval '1 day') AS day
), spine AS (
    SELECT w.at, {names} FROM windows AS w CROSS JOIN (SELECT DISTINCT {names} FROM happened) AS line
), stood AS (
    SELECT at, {names} {sums}
    FROM spine LEFT JOIN happened USING (at, {names})
    WINDOW up_to AS (PARTITION BY {names} ORDER BY at)
)
SELECT * FROM stood
WHERE ({something}) AND ({behind})
ORDER BY at, {names}
LIMIT {limit}

-- name: durations
-- How long the dossiers lay (`lain` in queries.sql) that were over in each window: how many, and percentiles.
WITH lines AS (
    SELECT at, {names}, count(*) AS dossiers,
        {percentiles}
    FROM (SELECT {window} AS at, {dimensions} told.* FROM ({lain}) AS told WHERE {filters}) AS lain
    GROUP BY at, {names}
)
SELECT * FROM lines
WHERE {behind}
ORDER BY at, {names}
LIMIT {limit}
