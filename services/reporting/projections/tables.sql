-- The mirror. Columns may be null: each event sets only its own, in the order that it comes.
CREATE TABLE dossier_register (
    dossier_id     uuid PRIMARY KEY,
    agency         text,
    procedure      text,
    field          text,
    channel        text,
    code           text,
    submitted_at   timestamptz,
    accepted_at    timestamptz,
    accepted_on    date,
    due_on         date,
    ready_on       date,
    outcome        text,
    refused_on     date,
    withdrawn_on   date,
    returned_at    timestamptz,
    decided_at     timestamptz,
    pos_intake     bigint,
    pos_processing bigint,
    pos_feedback   bigint,
    pos_reporting  bigint
);
CREATE INDEX register_by_acceptance ON dossier_register (accepted_on, dossier_id);
CREATE TABLE rating (
    rating_id     uuid PRIMARY KEY,
    agency        text,
    field         text,
    satisfaction  integer,
    recorded_on   date,
    pos_feedback  bigint
);
CREATE TABLE invitation (
    invitation_id uuid PRIMARY KEY,
    issued_on     date,
    pos_feedback  bigint
);
