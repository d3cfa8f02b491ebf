-- What lies beside the facts at the door, and is erased with the person. Owned by the migrating role; `{role}` is the running service.

CREATE SCHEMA door;

-- By what a dossier's applicant can be found: keyed hashes of words and numbers, in letters, with blanks between them. Nobody can read
-- a name out of them, or try names on them, without the vault's key.
CREATE TABLE door.mark (
    dossier_id uuid PRIMARY KEY,
    marks      text NOT NULL
);
CREATE INDEX mark_words ON door.mark USING gin (string_to_array(marks, ' '));

-- Files under way: `received` bytes of `size_bytes` are in the store. The file's name and key are sealed in the vault under `ref`.
CREATE TABLE door.upload (
    id         uuid PRIMARY KEY,
    dossier_id uuid NOT NULL,
    ref        uuid NOT NULL,
    principal  text NOT NULL,
    component  text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256     text NOT NULL,
    received   bigint NOT NULL DEFAULT 0,
    kept       boolean NOT NULL DEFAULT false, -- a fact names it
    begun_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX upload_of ON door.upload (dossier_id);
CREATE INDEX upload_left ON door.upload (begun_at) WHERE NOT kept;

GRANT USAGE ON SCHEMA door TO {role};
GRANT SELECT, INSERT, DELETE ON door.mark TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON door.upload TO {role};
