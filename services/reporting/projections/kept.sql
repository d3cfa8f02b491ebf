-- How `judged`, `tally` and `lain` are kept from the rows of dossiers: each statement that changes a dossier's row or its clock judges
-- that dossier anew, and the counts are changed by what differs. It happens in the projector's transaction, and a batch that comes
-- twice changes no row, so nothing is counted twice. A version that fills beside the shown one has none of this until it is
-- full: then everything is judged and counted once. What each word means, and why: domain/figures.py.

LOCK TABLE dossier_register, clock IN SHARE ROW EXCLUSIVE MODE;

CREATE OR REPLACE VIEW judgement AS
{judgement};

CREATE OR REPLACE FUNCTION happened(j judged) RETURNS TABLE (on_day date, what text) LANGUAGE sql IMMUTABLE AS $$
    SELECT w.on_day, w.what
    FROM {happened} AS w (on_day, what)
    WHERE w.on_day IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION lain_of(j judged) RETURNS TABLE (holder text, days integer) LANGUAGE sql IMMUTABLE AS $$
    SELECT l.holder, l.days
    FROM {lain} AS l (holder, days)
    WHERE l.days IS NOT NULL AND j.waited IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION judge(ids uuid[]) RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
    WITH stale AS MATERIALIZED (
        SELECT j FROM judged AS j WHERE j.dossier_id = ANY (ids)
    ), fresh AS MATERIALIZED (
        SELECT ROW(n.*)::judged AS j FROM judgement AS n WHERE n.dossier_id = ANY (ids)
    ), told AS (
        INSERT INTO judged SELECT (f.j).* FROM fresh AS f
        WHERE NOT EXISTS (SELECT FROM stale AS s WHERE s.j = f.j)
        ON CONFLICT (dossier_id) DO UPDATE SET
            (agency, field, unit, procedure, channel, code, submitted_on, accepted_on, ended_on, verdict, late_from,
                refused_on, withdrawn_on, returned_on, waited)
            = (excluded.agency, excluded.field, excluded.unit, excluded.procedure, excluded.channel, excluded.code,
                excluded.submitted_on, excluded.accepted_on, excluded.ended_on, excluded.verdict, excluded.late_from,
                excluded.refused_on, excluded.withdrawn_on, excluded.returned_on, excluded.waited)
    ), turned AS MATERIALIZED (
        SELECT j, -1 AS n FROM stale UNION ALL SELECT j, 1 FROM fresh
    ), by_day AS MATERIALIZED (
        SELECT h.on_day, h.what, date_trunc('month', (c.j).accepted_on::timestamp)::date AS month,
            (c.j).agency, (c.j).field, (c.j).unit, (c.j).procedure, (c.j).channel, sum(c.n)::integer AS n
        FROM turned AS c, happened(c.j) AS h
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        HAVING sum(c.n) <> 0
    ), by_month AS (
        SELECT date_trunc('month', on_day::timestamp)::date AS on_day, what, month, agency, field, unit, procedure, channel, sum(n)::integer AS n
        FROM by_day
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        HAVING sum(n) <> 0
    ), by_date AS (
        SELECT on_day, what, NULL::date, agency, NULL::text, NULL::text, NULL::text, NULL::text, sum(n)::integer
        FROM by_day
        WHERE month IS NOT NULL
        GROUP BY on_day, what, agency
        HAVING sum(n) <> 0
    ), delta AS MATERIALIZED (
        SELECT row_number() OVER () AS k, * FROM (
            SELECT 'day' AS grain, * FROM by_day UNION ALL SELECT 'month', * FROM by_month UNION ALL SELECT 'date', * FROM by_date
        ) AS grains
    ), gone AS (
        DELETE FROM tally AS t USING delta AS d
        WHERE d.n < 0 AND t.n + d.n = 0 AND t.grain = d.grain AND t.on_day = d.on_day AND t.what = d.what
          AND (t.month, t.agency, t.field, t.unit, t.procedure, t.channel)
              IS NOT DISTINCT FROM (d.month, d.agency, d.field, d.unit, d.procedure, d.channel)
        RETURNING d.k
    ), lay AS MATERIALIZED (
        SELECT row_number() OVER () AS k, * FROM (
            SELECT date_trunc('month', (c.j).ended_on::timestamp)::date AS month, (c.j).agency, l.holder, l.days, sum(c.n)::integer AS n
            FROM turned AS c, lain_of(c.j) AS l
            GROUP BY 1, 2, 3, 4
            HAVING sum(c.n) <> 0
        ) AS lay
    ), lay_gone AS (
        DELETE FROM lain AS t USING lay AS d
        WHERE d.n < 0 AND t.n + d.n = 0 AND t.month = d.month AND t.agency IS NOT DISTINCT FROM d.agency
          AND t.holder = d.holder AND t.days = d.days
        RETURNING d.k
    ), lay_told AS (
        INSERT INTO lain AS t
        SELECT month, agency, holder, days, n FROM lay WHERE k NOT IN (SELECT k FROM lay_gone)
        ON CONFLICT (month, agency, holder, days) DO UPDATE SET n = t.n + excluded.n
    )
    INSERT INTO tally AS t
    SELECT grain, on_day, what, month, agency, field, unit, procedure, channel, n FROM delta WHERE k NOT IN (SELECT k FROM gone)
    ON CONFLICT (grain, on_day, what, month, agency, field, unit, procedure, channel) DO UPDATE SET n = t.n + excluded.n
$$;

CREATE OR REPLACE FUNCTION judge_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM judge(ARRAY(SELECT DISTINCT dossier_id FROM changed));
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER told AFTER INSERT ON dossier_register REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION judge_changed();
CREATE OR REPLACE TRIGGER retold AFTER UPDATE ON dossier_register REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION judge_changed();
CREATE OR REPLACE TRIGGER told AFTER INSERT ON clock REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION judge_changed();

CREATE OR REPLACE VIEW counted AS
WITH by_day AS MATERIALIZED (
    SELECT h.on_day, h.what, date_trunc('month', j.accepted_on::timestamp)::date AS month,
        j.agency, j.field, j.unit, j.procedure, j.channel, count(*)::integer AS n
    FROM judged AS j, happened(j) AS h
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
)
SELECT 'day' AS grain, * FROM by_day
UNION ALL
SELECT 'month', date_trunc('month', on_day::timestamp)::date, what, month, agency, field, unit, procedure, channel, sum(n)::integer
FROM by_day
GROUP BY 2, 3, 4, 5, 6, 7, 8, 9
UNION ALL
SELECT 'date', on_day, what, NULL, agency, NULL, NULL, NULL, NULL, sum(n)::integer
FROM by_day
WHERE month IS NOT NULL
GROUP BY on_day, what, agency;

CREATE OR REPLACE VIEW lay AS
SELECT date_trunc('month', j.ended_on::timestamp)::date AS month, j.agency, l.holder, l.days, count(*)::integer AS n
FROM judged AS j, lain_of(j) AS l
GROUP BY 1, 2, 3, 4;

-- What a verifier looks at: empty, if everything was kept well.
CREATE OR REPLACE VIEW judged_wrong AS
(TABLE judgement EXCEPT ALL TABLE judged) UNION ALL (TABLE judged EXCEPT ALL TABLE judgement);
CREATE OR REPLACE VIEW tally_wrong AS
(TABLE counted EXCEPT ALL TABLE tally) UNION ALL (TABLE tally EXCEPT ALL TABLE counted);
CREATE OR REPLACE VIEW lain_wrong AS
(TABLE lay EXCEPT ALL TABLE lain) UNION ALL (TABLE lain EXCEPT ALL TABLE lay);

TRUNCATE judged, tally, lain;
-- Without it PostgreSQL does not know yet how many rows lie there, and reads all clocks for each dossier.
ANALYZE dossier_register, clock;
INSERT INTO judged TABLE judgement;
ANALYZE judged;
INSERT INTO tally TABLE counted;
ANALYZE tally;
INSERT INTO lain TABLE lay;
ANALYZE lain;

CREATE INDEX IF NOT EXISTS judged_accepted ON judged (accepted_on, code);
CREATE INDEX IF NOT EXISTS judged_ended ON judged (ended_on, code) WHERE ended_on IS NOT NULL;
CREATE INDEX IF NOT EXISTS judged_returned ON judged (returned_on, code) WHERE returned_on IS NOT NULL;
-- What was in progress at the close of a day, however many came before and after.
CREATE INDEX IF NOT EXISTS judged_lived ON judged USING gist
    (daterange(accepted_on, CASE WHEN ended_on < accepted_on THEN accepted_on ELSE ended_on END)) WHERE accepted_on IS NOT NULL;
