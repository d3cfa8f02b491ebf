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

-- name: put_answer
-- Put an answer into the box; gives what the token has answered, now or before. The update changes nothing: it waits for whoever is
-- putting the same token at this moment, and sees what he put.
INSERT INTO survey.answer AS kept (token_hash, fingerprint, class_id, received_on, body, comment_ref, comment_key, comment, commitment)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (token_hash) DO UPDATE SET body = kept.body
RETURNING fingerprint

-- name: waiting_answers
-- What is in the box, in the order of the tokens' hashes.
SELECT token_hash, class_id, received_on, body, comment_ref, comment_key, comment, commitment
FROM survey.answer AS a
WHERE body IS NOT NULL AND NOT EXISTS (SELECT FROM survey.recorded AS r WHERE r.token_hash = a.token_hash)
ORDER BY token_hash
LIMIT $1

-- name: forget_recorded
-- Empty what has been recorded: that a token has answered stays, what it answered does not.
UPDATE survey.answer AS a SET body = NULL, comment = NULL
FROM survey.recorded AS r
WHERE r.token_hash = a.token_hash AND a.body IS NOT NULL

-- name: walk_of_dossier
-- What processing told of a dossier's way, in the order in which it did.
SELECT at, done, open FROM read.walk WHERE dossier_id = $1 ORDER BY pos_processing
