-- Personal data beside the facts, and who has read them. Owned by the migrating role; `{role}` is the running service.

CREATE SCHEMA vault;

CREATE TABLE vault.entry (
    ref       uuid PRIMARY KEY,           -- what the facts hold in place of the data
    stream    uuid NOT NULL,              -- whose facts: erasing goes by stream
    key_id    smallint NOT NULL,          -- the key that it was sealed with, so that keys can be changed
    body      bytea NOT NULL,             -- nonce (12), then AES-256-GCM of salt (32) and canonical JSON; bound to ref and stream
    sealed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX entry_stream ON vault.entry (stream);

-- Every read and every erasure stays known, also after the entry has gone: no foreign key.
CREATE TABLE vault.access (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref       uuid NOT NULL,
    principal text NOT NULL,
    purpose   text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX access_ref ON vault.access (ref);

GRANT USAGE ON SCHEMA vault TO {role};
GRANT SELECT, INSERT, DELETE ON vault.entry TO {role};
GRANT SELECT, INSERT ON vault.access TO {role};
