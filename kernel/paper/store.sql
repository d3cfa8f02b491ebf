-- Signed pages, as they were given out: nothing is made twice that somebody has in hand. Owned by the migrating role; `{role}` is the service.

CREATE SCHEMA paper;

-- A row is stored in the same statement as the fact that names its hash, or not at all.
CREATE TABLE paper.page (
    hash   text PRIMARY KEY CHECK (length(hash) = 64),  -- sha256 of body, in hexadecimal
    stream uuid NOT NULL,                               -- what the page is about
    body   bytea NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX page_stream ON paper.page (stream);

GRANT USAGE ON SCHEMA paper TO {role};
GRANT SELECT, INSERT ON paper.page TO {role};
