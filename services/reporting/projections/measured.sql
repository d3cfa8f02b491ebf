-- What indicators are counted from beside the tables of tables.sql: as few columns as their definitions ask for, each of one owner.

-- What a dossier came with, and what limit it was given. One row per dossier.
CREATE TABLE demand (
    dossier_id uuid PRIMARY KEY,
    components text,     -- that it was submitted with, separated by spaces
    limit_days integer,  -- where the limit counts working days
    pos_intake bigint
);

-- Each time the applicant was asked for more, at the desk or in appraisal.
CREATE TABLE supplement_request (
    intake_pos bigint PRIMARY KEY,  -- the fact's own position
    dossier_id uuid,
    asked_on   date,
    pos_intake bigint
);
CREATE INDEX supplement_request_dossier ON supplement_request (dossier_id);

-- Appointments that moved: because a law, the calendar or a decision let them, or because the applicant had brought something.
CREATE TABLE moved_appointment (
    intake_pos bigint PRIMARY KEY,
    dossier_id uuid,
    moved_on   date,
    due_on     date,
    by_law     boolean,
    pos_intake bigint
);
CREATE INDEX moved_appointment_dossier ON moved_appointment (dossier_id);

-- Components of dossiers that there is a file of.
CREATE TABLE attachment (
    file_id     uuid PRIMARY KEY,
    dossier_id  uuid,
    component   text,
    attached_on date,
    pos_intake  bigint
);
CREATE INDEX attachment_dossier ON attachment (dossier_id);

-- Fees that were paid.
CREATE TABLE payment (
    intake_pos bigint PRIMARY KEY,
    agency     text,
    online     boolean,
    paid_on    date,
    pos_intake bigint
);
CREATE INDEX payment_day ON payment (paid_on);

-- Decisions that brought procedures into force: when they were signed, and when the catalogue had them.
CREATE TABLE revision (
    intake_pos bigint PRIMARY KEY,
    agency     text,
    signed_on  date,
    revised_on date,
    pos_intake bigint
);

-- Versions of procedures as they were published; whole = it says its components and its limit.
CREATE TABLE published_version (
    intake_pos   bigint PRIMARY KEY,
    code         text,
    agency       text,  -- no wall: the catalogue is for everybody, and the last version of a procedure may be another agency's
    whole        boolean,
    published_on date,
    pos_intake   bigint
);

-- Opinions that other agencies were asked for, by the fact that asked or answered: the last of a number is what became of it.
CREATE TABLE consultation_turn (
    processing_pos bigint PRIMARY KEY,
    case_id        uuid,
    number         integer,
    agency         text,
    asked_on       date,
    due_on         date,  -- where it was asked
    answered_on    date,  -- where it was answered
    pos_processing bigint
);
CREATE INDEX consultation_turn_case ON consultation_turn (case_id, number);

-- Values that leaders said in place of computed ones; the last of each place.
CREATE TABLE overriding (
    override_id   uuid PRIMARY KEY,
    agency        text,
    pack          text,
    indicator     text,
    period_from   date,
    period_to     date,
    value         text,
    computed      text,
    reason        text,
    decision      text,
    evidence      text,  -- a JSON array
    overridden_by text,
    overridden_at timestamptz,
    overridden_pos bigint,
    withdrawn_at  timestamptz,
    pos_reporting bigint
);

-- Cases of the department, and the day on which they were over.
CREATE TABLE worked_case (
    case_id        uuid PRIMARY KEY,
    agency         text,
    field          text,
    procedure      text,
    ended_on       date,
    pos_processing bigint
);
CREATE INDEX worked_case_ended ON worked_case (ended_on);

-- Which steps of a case were open from an instant on, and whether its clock ran; null = as before.
CREATE TABLE step_turn (
    processing_pos bigint PRIMARY KEY,  -- the fact's own position: the order within a case
    case_id        uuid,
    turned_at      timestamptz,
    open_steps     text,     -- separated by spaces; empty: none
    runs           boolean,
    pos_processing bigint
);
CREATE INDEX step_turn_case ON step_turn (case_id, processing_pos);
