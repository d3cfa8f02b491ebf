-- By which dossiers of one applicant are found again, without saying who that is. Owned by the migrating role; `{role}` is the running service.

CREATE SCHEMA likeness;

-- A row per dossier whose applicant has a number; it goes when the person is forgotten.
CREATE TABLE likeness.applicant (
    dossier      uuid PRIMARY KEY,
    who          bytea NOT NULL,            -- keyed hash of kind and number: equal for one applicant, and nothing else can be read off it
    procedure    text NOT NULL,
    submitted_at timestamptz NOT NULL
);
CREATE INDEX applicant_who ON likeness.applicant (who, procedure, submitted_at);

GRANT USAGE ON SCHEMA likeness TO {role};
GRANT SELECT, INSERT, DELETE ON likeness.applicant TO {role};
