-- name: lives
-- The dossiers that a period counts ($1 first, $2 last day; $3 agencies in scope) of some procedures ($4; null = of all), at most $5 of them.
SELECT j.dossier_id, j.code, j.agency, j.procedure, j.channel = 'online' AS online, j.accepted_on, j.ended_on, j.withdrawn_on
FROM read.judged AS j
WHERE j.accepted_on <= $2 AND (j.ended_on IS NULL OR j.ended_on >= $1)
  AND ($3::text[] IS NULL OR EXISTS (SELECT FROM unnest($3::text[]) AS own WHERE j.agency = own OR starts_with(j.agency, own || '.')))
  AND ($4::text[] IS NULL OR j.procedure = ANY ($4))
ORDER BY j.accepted_on, j.code
LIMIT $5

-- name: turns
-- What the clocks of some dossiers ($1) did, in the order of the facts.
SELECT dossier_id, changed_on, due_on, what, at, start_rule, amount, unit, rule_pack, mode
FROM read.clock
WHERE dossier_id = ANY ($1)
ORDER BY intake_pos

-- name: unknown_procedures
-- Those of some procedures ($1) that neither the catalogue nor any dossier has.
SELECT asked.code FROM unnest($1::text[]) AS asked (code)
WHERE NOT EXISTS (SELECT FROM read.procedure AS p WHERE p.code = asked.code)
  AND NOT EXISTS (SELECT FROM read.judged AS j WHERE j.procedure = asked.code)
