-- The mirror: what the facts of all services say, in columns that each have one owner. None holds personal data.
-- Columns other than a key may be null: each event sets only its own, in the order that it comes. Days are local days.

-- One row per dossier, whatever became of it.
CREATE TABLE dossier_register (
    dossier_id     uuid PRIMARY KEY,
    agency         text,
    procedure      text,
    field          text,
    channel        text,
    code           text,    -- given at acceptance
    submitted_on   date,
    accepted_on    date,
    ready_on       date,    -- the result lies at the desk
    outcome        text,
    decided_on     date,
    refused_on     date,    -- at the desk: never received
    withdrawn_on   date,
    returned_on    date,    -- the applicant has it
    pos_intake     bigint,
    pos_processing bigint
);
CREATE INDEX dossier_register_accepted ON dossier_register (accepted_on, code);
CREATE INDEX dossier_register_returned ON dossier_register (returned_on, code);
-- What is still open counts in every period: it stands at the end of time.
CREATE INDEX dossier_register_ended ON dossier_register ((coalesce(least(ready_on, withdrawn_on), 'infinity')));
CREATE INDEX dossier_register_first ON dossier_register (submitted_on);
CREATE INDEX dossier_register_last ON dossier_register
    ((greatest(submitted_on, accepted_on, refused_on, withdrawn_on, decided_on, ready_on, returned_on)));
CREATE INDEX dossier_register_refused ON dossier_register (refused_on) WHERE refused_on IS NOT NULL;
CREATE INDEX dossier_register_withdrawn ON dossier_register (withdrawn_on) WHERE withdrawn_on IS NOT NULL;

-- What the legal clock of a dossier did, one row per fact: it runs to an appointment (null = no limit), or it stands still.
CREATE TABLE clock (
    intake_pos bigint PRIMARY KEY,  -- the fact's own position: the order within a dossier
    dossier_id uuid,
    changed_on date,
    runs       boolean,
    due_on     date,
    pos_intake bigint
);
CREATE INDEX clock_dossier ON clock (dossier_id, intake_pos);

-- What the catalogue calls things.
CREATE TABLE procedure (
    code        text PRIMARY KEY,
    name        text,
    field       text,
    field_name  text,
    agency      text,
    agency_name text,
    pos_intake  bigint
);

-- Answers to surveys. They name no dossier, and nobody.
CREATE TABLE rating (
    rating_id                   uuid PRIMARY KEY,
    agency                      text,
    field                       text,
    satisfaction                smallint,
    points_time                 smallint,
    points_agencies_contacted   smallint,
    points_contacts_to_complete smallint,
    points_attitude             smallint,
    recorded_on                 date,
    pos_feedback                bigint
);
CREATE INDEX rating_recorded ON rating (recorded_on);

-- Who was asked: not about which dossier, and not when they answered, for either would lead to the answer.
CREATE TABLE invitation (
    invitation_id uuid PRIMARY KEY,
    agency        text,
    field         text,
    issued_on     date,
    used          boolean NOT NULL DEFAULT false,
    pos_feedback  bigint
);
CREATE INDEX invitation_issued ON invitation (issued_on);

-- What people said unasked, without their words.
CREATE TABLE opinion (
    opinion_id   uuid PRIMARY KEY,
    agency       text,
    channel      text,
    topic        text,
    received_on  date,
    answered_on  date,
    pos_feedback bigint
);
CREATE INDEX opinion_received ON opinion (received_on);
CREATE INDEX opinion_answered ON opinion (answered_on);

-- Reports that were published; what they say stands in the log.
CREATE TABLE report (
    report_id       uuid PRIMARY KEY,
    agency          text,
    period_from     date,
    period_to       date,
    definition_hash text,
    published_at    timestamptz,
    pos_reporting   bigint
);
CREATE INDEX report_newest ON report (published_at DESC, report_id DESC);
