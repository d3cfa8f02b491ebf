-- name: campaigns
-- A page of campaigns, newest first, of the agencies in scope ($1, null = all), or one of them ($2), after the sort key ($3, $4); with how
-- many of their slips were handed out, came back, and were found valid or not.
SELECT c.*, s.issued, s.returned, s.valid, s.invalid
FROM read.campaign_register AS c CROSS JOIN LATERAL (
    SELECT count(issued_event) AS issued, count(returned_event) AS returned, count(valid_event) AS valid, count(invalid_event) AS invalid
    FROM read.slip_register AS s WHERE s.campaign_id = c.campaign_id
) AS s
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::uuid IS NULL OR c.campaign_id = $2)
  AND ($3::timestamptz IS NULL OR (opened_at, c.campaign_id) < ($3, $4::uuid))
ORDER BY opened_at DESC, c.campaign_id DESC
LIMIT $5

-- name: slip_figures
-- What became of the slips that were handed out in a period ($2, $3: first and last local day; null = ever), of the agencies in scope ($1),
-- or of one campaign ($4): each figure with the events that it is the number of.
WITH slip AS (
    SELECT * FROM read.slip_register
    WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
      AND ($2::date IS NULL OR issued_on >= $2)
      AND ($3::date IS NULL OR issued_on <= $3)
      AND ($4::uuid IS NULL OR campaign_id = $4)
)
SELECT name, events FROM (
    SELECT 1, 'slips-issued', array(SELECT issued_event FROM slip ORDER BY campaign_id, number)
    UNION ALL
    SELECT 2, 'slips-returned', array(SELECT returned_event FROM slip WHERE returned_event IS NOT NULL ORDER BY campaign_id, number)
    UNION ALL
    SELECT 3, 'slips-valid', array(SELECT valid_event FROM slip WHERE valid_event IS NOT NULL ORDER BY campaign_id, number)
    UNION ALL
    SELECT 4, 'slips-invalid', array(SELECT invalid_event FROM slip WHERE invalid_event IS NOT NULL ORDER BY campaign_id, number)
    UNION ALL
    SELECT 5, 'slips-invalid:' || reason, array_agg(invalid_event ORDER BY campaign_id, number) FROM slip
    WHERE reason IS NOT NULL
    GROUP BY reason
) AS counted (place, name, events)
ORDER BY place, name
