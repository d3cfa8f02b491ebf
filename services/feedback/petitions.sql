-- name: petitions
-- A page of petitions, newest first: of the agencies in scope ($1, null = all), without denunciations unless $2, after the sort key ($8, $9).
SELECT *
FROM read.petition_register
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::boolean OR kind IS DISTINCT FROM 'denunciation')
  AND ($3::text IS NULL OR kind = $3)
  AND ($4::boolean IS NULL OR (answered_at IS NULL AND ended_at IS NULL) = $4)
  AND ($5::text IS NULL OR unit = $5)
  AND ($6::uuid IS NULL OR dossier_id = $6)
  AND ($7::date IS NULL OR (answered_at IS NULL AND ended_at IS NULL AND due_on < $7))
  AND ($8::timestamptz IS NULL OR (received_at, petition_id) < ($8, $9::uuid))
ORDER BY received_at DESC, petition_id DESC
LIMIT $10

-- name: alarms_due
-- Petitions with a limit that has something to say by $1, the longest due first.
SELECT petition_id, alarm_at
FROM read.petition_register
WHERE alarm_at <= $1
ORDER BY alarm_at, petition_id
LIMIT $2

-- name: petition_of_code
-- Whose code it is.
SELECT petition_id FROM read.petition_register WHERE code_hash = $1

-- name: published
-- A page of what is public, newest first, after the sort key ($1, $2).
SELECT petition_id, topic, received_on, answered_on, published_at
FROM read.petition_register
WHERE published_at IS NOT NULL AND ($1::timestamptz IS NULL OR (published_at, petition_id) < ($1, $2::uuid))
ORDER BY published_at DESC, petition_id DESC
LIMIT $3

-- name: engagements
-- A page of meetings, newest first, of the agencies in scope ($1), between two days ($2, $3), after the sort key ($4, $5); with the
-- petitions that each raised.
SELECT e.*, (SELECT count(*) FROM read.petition_register AS p WHERE p.engagement_id = e.engagement_id) AS petitions
FROM read.engagement_register AS e
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::date IS NULL OR held_on >= $2)
  AND ($3::date IS NULL OR held_on <= $3)
  AND ($4::date IS NULL OR (held_on, engagement_id) < ($4, $5::uuid))
ORDER BY held_on DESC, engagement_id DESC
LIMIT $6

-- name: support_groups
-- All groups, of the agencies in scope ($1), with the meetings that each held.
SELECT g.*, (SELECT count(*) FROM read.engagement_register AS e WHERE e.group_id = g.group_id AND e.struck_at IS NULL) AS engagements
FROM read.support_group AS g
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
ORDER BY g.from_on, g.group_id

-- name: figures
-- What a period counts ($2, $3: first and last local day), of the agencies in scope ($1): each figure with the events that it is the number of.
-- A meeting that was struck counts nowhere. Petitions are those of enterprises and their associations; a merged one counts as one received,
-- and as answered with the one that it was merged into. Denunciations are counted nowhere here.
-- An invitation that was used is named by the event of its issue: the other one tells when, and answers are not to be looked for there.
WITH petition AS (
    SELECT p.party, p.partners, p.ever_late, p.received_on, p.received_event, p.ended_how,
           coalesce(s.answered_on, p.answered_on) AS answered_on, coalesce(s.answered_event, p.answered_event) AS answered_event,
           coalesce(s.partners, p.partners) AS solved_with
    FROM read.petition_register AS p LEFT JOIN read.petition_register AS s ON s.petition_id = p.merged_into
    WHERE p.kind = 'petition' AND p.party IN ('enterprise', 'association')
      AND ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE p.agency = own OR p.agency ^@ (own || '.')))
), met AS (
    SELECT kind, held_on, held_event FROM read.engagement_register
    WHERE struck_at IS NULL AND held_on BETWEEN $2 AND $3
      AND ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
), slip AS (
    SELECT issued_event, returned FROM read.slip
    WHERE issued_on BETWEEN $2 AND $3
      AND ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
), raised AS (
    SELECT * FROM petition WHERE received_on BETWEEN $2 AND $3
)
SELECT name, events FROM (
    SELECT 1, 'visits-and-work-sessions', array(SELECT held_event FROM met WHERE kind <> 'dialogue-conference' ORDER BY held_on, held_event)
    UNION ALL
    SELECT 2, 'dialogue-conferences', array(SELECT held_event FROM met WHERE kind = 'dialogue-conference' ORDER BY held_on, held_event)
    UNION ALL
    SELECT 3, 'petitions-raised', array(SELECT received_event FROM raised ORDER BY received_event)
    UNION ALL
    SELECT 4, 'petitions-answered', array(SELECT answered_event FROM raised WHERE answered_on IS NOT NULL ORDER BY received_event)
    UNION ALL
    SELECT 5, 'answered-with-other-agencies',
           array(SELECT answered_event FROM raised WHERE answered_on IS NOT NULL AND solved_with <> '' ORDER BY received_event)
    UNION ALL
    SELECT 6, 'late', array(SELECT received_event FROM raised WHERE ever_late ORDER BY received_event)
    UNION ALL
    SELECT 7, 'invitations-issued', array(SELECT issued_event FROM slip ORDER BY issued_event)
    UNION ALL
    SELECT 8, 'invitations-used', array(SELECT issued_event FROM slip WHERE returned ORDER BY issued_event)
) AS counted (place, name, events)
ORDER BY place
