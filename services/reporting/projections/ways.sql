-- The ways that cases really went: what conformance and fairness are judged by. None holds personal data; accounts of officers do stand
-- here, for whether somebody held the post that a step asks for is judged by them, and no answer names one. Days are local days.

-- One row per case.
CREATE TABLE way (
    case_id        uuid PRIMARY KEY,
    dossier_id     uuid,
    agency         text,
    procedure      text,
    code           text,
    opened_on      date,
    ended_on       date,    -- its result was issued, or it was stopped
    pos_processing bigint
);
CREATE INDEX way_dossier ON way (dossier_id);
CREATE INDEX way_ended ON way (ended_on, case_id);
CREATE INDEX way_procedure ON way (procedure, opened_on);

-- What happened to it, one row per fact: domain/walk.py says what each column means.
CREATE TABLE turn (
    turn_pos       bigint PRIMARY KEY,  -- the fact's own position: the order within a case
    case_id        uuid,
    happened_at    timestamptz,
    what           text,
    step           text,
    officer        text,
    word           text,
    undone         text,                -- steps, separated by spaces
    due_on         date,
    pos_processing bigint
);
CREATE INDEX turn_case ON turn (case_id, turn_pos);

-- Every workflow that was ever published, by its hash: a case is judged by the one that it was pinned to.
CREATE TABLE workflow_version (
    content_hash   text PRIMARY KEY,
    procedure      text,
    steps          text,                -- as the fact has them, JSON
    pos_processing bigint
);

-- What was said of the department's officers, roles and units, in the words of the facts (JSON): few, and read together.
CREATE TABLE staffing (
    staffing_pos   bigint PRIMARY KEY,
    type           text,
    said           text,
    pos_processing bigint
);
