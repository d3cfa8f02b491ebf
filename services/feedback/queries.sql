-- name: invitations_of_dossier
-- At most one per occasion.
SELECT invitation_id, dossier_id, agency, occasion, token_hash, issued_at, expires_at, used
FROM read.invitation_register
WHERE dossier_id = $1
ORDER BY issued_at, invitation_id

-- name: opinions
-- A page of opinions, newest first: of the agencies in scope ($1, null = all) and below them, after the sort key ($5, $6).
SELECT opinion_id, agency, channel, topic, anonymous, received_at, answered_at, answered_by
FROM read.opinion_register
WHERE ($1::text[] IS NULL OR EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE agency = own OR agency ^@ (own || '.')))
  AND ($2::boolean IS NULL OR (answered_at IS NOT NULL) = $2)
  AND ($3::text IS NULL OR channel = $3)
  AND ($4::text IS NULL OR topic = $4)
  AND ($5::timestamptz IS NULL OR (received_at, opinion_id) < ($5, $6::uuid))
ORDER BY received_at DESC, opinion_id DESC
LIMIT $7
