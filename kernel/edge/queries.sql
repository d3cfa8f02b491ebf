-- name: command
-- A command that was carried out, and the position of its last event.
SELECT c.fingerprint, c.status, c.response, e.pos
FROM edge.command AS c
LEFT JOIN log.event AS e ON e.stream = c.stream AND e.version = c.version
WHERE c.id = $1

-- name: forget
-- Commands older than this many hours are not recognised any more.
WITH gone AS (DELETE FROM edge.command WHERE at < now() - make_interval(hours => $1) RETURNING 1)
SELECT count(*) FROM gone
