-- What lies in the store of files, or is on its way there. Owned by the migrating role; `{role}` is the running service.

CREATE SCHEMA files;

-- One file each, from its declaration until nothing of it is in the store any more. Its name, hash and key are in the vault under `ref`.
CREATE TABLE files.object (
    id          uuid PRIMARY KEY,           -- from the caller, the dossier and the Idempotency-Key
    fingerprint bytea NOT NULL,             -- keyed hash of what was declared: another body under the same key is refused
    dossier_id  uuid NOT NULL,
    principal   text NOT NULL,              -- who declared it, and alone may go on
    component   text NOT NULL,
    media_type  text NOT NULL,
    size_bytes  bigint NOT NULL,
    ref         uuid NOT NULL,
    commitment  text NOT NULL,
    parts       text[] NOT NULL DEFAULT '{}', -- addresses of what has arrived, in order: who comes second at an offset is not among them
    received    bigint NOT NULL DEFAULT 0,
    state       text NOT NULL DEFAULT 'under-way' CHECK (state IN ('under-way', 'attached', 'gone')),
    is_judged   boolean NOT NULL DEFAULT false,
    touched_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX object_dossier ON files.object (dossier_id);
CREATE INDEX object_open ON files.object (touched_at) WHERE state <> 'attached';
CREATE INDEX object_unjudged ON files.object (touched_at) WHERE state = 'attached' AND NOT is_judged;

GRANT USAGE ON SCHEMA files TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON files.object TO {role};
