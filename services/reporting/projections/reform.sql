-- The reform as it is managed, and what procedures promise. Columns other than a key may be null. Days are local days.
-- What is overdue was said to be: `overdue_on` is the day that was over, and holds as long as it is `due_on`.

CREATE TABLE reform_plan (
    plan_id       uuid PRIMARY KEY,
    agency        text,
    year          integer,
    decision      text,
    adopted_at    timestamptz,
    changed_at    timestamptz,
    pos_reporting bigint
);

CREATE TABLE reform_task (
    task_id       uuid PRIMARY KEY,  -- made of the plan's and its number
    plan_id       uuid,
    agency        text,
    year          integer,
    number        integer,
    content       text,
    title         text,
    product       text,
    unit          text,
    officer       text,
    due_on        date,
    percent       integer,
    note          text,
    state         text,  -- null until it is done or dropped
    late          boolean,
    ended_on      date,
    evidence      text,  -- JSON, as the fact has it
    overdue_on    date,
    pos_reporting bigint
);
CREATE INDEX reform_task_due ON reform_task (due_on, task_id);

-- A finding, and the action that holds for it.
CREATE TABLE finding (
    finding_id    uuid PRIMARY KEY,
    agency        text,
    state         text,
    found_by      text,
    found_in      uuid,
    subject       text,
    concerns      text,  -- the unit that it is about
    text          text,
    cause         text,
    number        integer,
    action        text,
    unit          text,
    officer       text,
    due_on        date,
    overdue_on    date,
    opened_at     timestamptz,
    closed_at     timestamptz,
    pos_reporting bigint
);
CREATE INDEX finding_newest ON finding (opened_at DESC, finding_id DESC);
CREATE INDEX finding_of ON finding (found_in);

-- Every action that anybody was given, also those that did not help or went to another owner.
CREATE TABLE corrective_action (
    action_id     uuid PRIMARY KEY,  -- made of the finding's and its number
    finding_id    uuid,
    agency        text,
    number        integer,
    unit          text,
    officer       text,
    due_on        date,
    assigned_on   date,
    done_on       date,
    late          boolean,
    verified_on   date,
    effective     boolean,
    pos_reporting bigint
);

CREATE TABLE review (
    review_id     uuid PRIMARY KEY,
    agency        text,
    kind          text,
    year          integer,
    report_id     uuid,
    opened_at     timestamptz,
    closed_at     timestamptz,
    pos_reporting bigint
);

CREATE TABLE inspection_plan (
    plan_id       uuid PRIMARY KEY,
    agency        text,
    year          integer,
    decision      text,
    adopted_at    timestamptz,
    pos_reporting bigint
);

CREATE TABLE inspection (
    inspection_id uuid PRIMARY KEY,
    plan_id       uuid,
    agency        text,
    number        integer,
    unit          text,
    subjects      text,  -- JSON
    procedures    text,  -- JSON
    held_on       date,
    unannounced   boolean,
    minutes       text,  -- JSON
    text          text,
    pos_reporting bigint
);
CREATE INDEX inspection_newest ON inspection (held_on DESC, inspection_id DESC);

CREATE TABLE directive (
    directive_id  uuid PRIMARY KEY,
    agency        text,
    paper         text,  -- JSON
    issuer        text,
    signed_on     date,
    wanted        text,
    unit          text,
    officer       text,
    due_on        date,
    overdue_on    date,
    answer        text,  -- JSON; null until it is answered
    late          boolean,
    received_at   timestamptz,
    answered_at   timestamptz,
    pos_reporting bigint
);
CREATE INDEX directive_newest ON directive (received_at DESC, directive_id DESC);

CREATE TABLE publicity_item (
    item_id       uuid PRIMARY KEY,
    agency        text,
    topic         text,
    medium        text,
    place         text,
    unit          text,
    officer       text,
    due_on        date,
    overdue_on    date,
    state         text,  -- null until it is done or dropped
    evidence      text,  -- JSON
    late          boolean,
    ended_on      date,
    pos_reporting bigint
);
CREATE INDEX publicity_item_due ON publicity_item (due_on, item_id);

-- Every version of every procedure, with what it offers: domain/simplification.py.
CREATE TABLE procedure_version (
    version_pos   bigint PRIMARY KEY,  -- the fact's own position: the order of versions
    code          text,
    agency        text,
    name          text,
    field         text,
    field_name    text,
    decision      text,
    legal_basis   text,  -- JSON
    offers        text,  -- JSON
    published_on  date,
    pos_intake    bigint
);
CREATE INDEX procedure_version_of ON procedure_version (code, version_pos);

CREATE TABLE catalogue_decision (
    decision_pos  bigint PRIMARY KEY,
    agency        text,
    decision      text,
    signed_on     date,
    pos_intake    bigint
);
