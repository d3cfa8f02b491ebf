-- The box: answers that wait for others like them, and which tokens have answered. `{role}` is the service.

CREATE SCHEMA survey;

-- One answer per token, by this key. No instant is kept, no caller, and nothing that leads to an invitation.
CREATE TABLE survey.answer (
    token_hash  bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    fingerprint bytea NOT NULL,                -- of what was answered: who asks again is told the same
    class_id    uuid NOT NULL,
    received_on date NOT NULL,
    body        text,                          -- null once it is recorded
    comment_ref uuid,
    comment_key integer,
    comment     bytea,                         -- sealed, as the vault will keep it
    commitment  text
);
CREATE INDEX answer_waiting ON survey.answer (token_hash) WHERE body IS NOT NULL;

-- Stored in the same statement as the fact: an answer is recorded once.
CREATE TABLE survey.recorded (
    token_hash bytea PRIMARY KEY
);

GRANT USAGE ON SCHEMA survey TO {role};
GRANT SELECT, INSERT, UPDATE (body, comment) ON survey.answer TO {role};
GRANT SELECT, INSERT ON survey.recorded TO {role};
