-- What the rim of a service remembers: commands that were carried out, so that the same command again gets the same answer.
-- Owned by the migrating role; `{role}` is the running service.

CREATE SCHEMA edge;

-- A row is stored in the same statement as the command's events, or not at all. An answer holds no personal data.
CREATE TABLE edge.command (
    id          uuid PRIMARY KEY,                              -- from principal, method, address and Idempotency-Key
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),  -- sha256 of method, address and canonical body
    stream      uuid NOT NULL,
    version     integer NOT NULL,                              -- of the stream after the command; leads to its position
    status      smallint NOT NULL,
    response    bytea NOT NULL,                                -- the answer without its position
    at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX command_at ON edge.command USING brin (at);

GRANT USAGE ON SCHEMA edge TO {role};
GRANT SELECT, INSERT, DELETE ON edge.command TO {role};
