-- The mirror: what the facts of all services say, in columns that each have one owner. None holds personal data.
-- Columns other than a key may be null: each event sets only its own, in the order that it comes. Days are local days.

-- One row per dossier, whatever became of it. Beside what a fact says stands its position (<what>_pos): each of these facts comes
-- once in a dossier's life, so a row masked by a position is the row as it was then.
CREATE TABLE dossier_register (
    dossier_id     uuid PRIMARY KEY,
    agency         text,
    procedure      text,
    field          text,
    channel        text,
    unit           text,    -- of the department, that its case was opened for
    code           text,    -- given at acceptance
    submitted_on   date,
    accepted_on    date,
    ready_on       date,    -- the result lies at the desk
    outcome        text,
    refused_on     date,    -- at the desk: never received
    withdrawn_on   date,
    returned_on    date,    -- the applicant has it
    submitted_pos  bigint,
    accepted_pos   bigint,
    ready_pos      bigint,
    refused_pos    bigint,
    withdrawn_pos  bigint,
    returned_pos   bigint,
    opened_pos     bigint,  -- of processing's log; the others are of intake's
    pos_intake     bigint,
    pos_processing bigint
);

-- What the legal clock of a dossier did, one row per fact: it runs to an appointment (null = no limit), or it stands still.
CREATE TABLE clock (
    intake_pos bigint PRIMARY KEY,  -- the fact's own position: the order within a dossier
    dossier_id uuid,
    changed_on date,
    runs       boolean,
    due_on     date,
    what       text,         -- begun, paused, resumed; or why it moved: extension, calendar, decision
    at         timestamptz,  -- of what moved it; of what began it, the instant from which it counts
    start_rule text,         -- how its limit is counted, as far as there is one: what a question "what if" counts anew from
    amount     integer,
    unit       text,
    rule_pack  text,
    mode       text,         -- of its beginning: what a supplement does to it
    pos_intake bigint
);
CREATE INDEX clock_dossier ON clock (dossier_id, intake_pos);

-- A dossier as the figures see it. kept.sql keeps it from the two tables above: nobody else writes here.
CREATE TABLE judged (
    dossier_id   uuid PRIMARY KEY,
    agency       text,  -- no wall: it is read beside dossier_register, which has one, and by an index on ranges of days, which a policy would shut
    field        text,
    unit         text,
    procedure    text,
    channel      text,
    code         text,
    submitted_on date,
    accepted_on  date,
    ended_on     date,    -- the department's work on it was over
    verdict      text,    -- early, on-time or late; null while it is in progress
    late_from    date,    -- the first day on which an appointment was missed, be it still to come
    refused_on   date,
    withdrawn_on date,
    returned_on  date,
    waited       integer  -- days that its clock stood still for the applicant, once it is over
);

-- How many dossiers of a kind something happened to on a day, and in a whole month (on_day is then its first). Kept as well, from
-- `judged`: figures of any period are sums of a few of these rows, however many dossiers there are. `date` is a day of an agency, whatever
-- the accepted dossiers are about (the other columns are null): a line from day to day over years is read from a few thousand of these.
CREATE TABLE tally (
    grain     text NOT NULL,     -- day, month or date
    on_day    date NOT NULL,
    what      text NOT NULL,     -- submitted, accepted, early, on-time, late (the verdict at the end), missed, refused, withdrawn, returned
    month     date,              -- the month of acceptance; null before
    agency    text,
    field     text,
    unit      text,
    procedure text,
    channel   text,
    n         integer NOT NULL,
    UNIQUE NULLS NOT DISTINCT (grain, on_day, what, month, agency, field, unit, procedure, channel)
);

-- With whom dossiers lay that were over in a month, and for how many days: kept as well, so that a percentile is read off a few rows.
CREATE TABLE lain (
    month  date NOT NULL,
    agency text,
    holder text NOT NULL,        -- desk, department, applicant; total
    days   integer NOT NULL,
    n      integer NOT NULL,
    UNIQUE NULLS NOT DISTINCT (month, agency, holder, days)
);

-- What the catalogue calls things.
CREATE TABLE procedure (
    code        text PRIMARY KEY,
    name        text,
    field       text,
    field_name  text,
    agency      text,  -- no wall: the catalogue is for everybody
    agency_name text,
    pos_intake  bigint
);

-- Answers to surveys. They name no dossier, and nobody who answered. A row is of one fact: at an earlier position it was the same or not there.
CREATE TABLE rating (
    rating_id                   uuid PRIMARY KEY,
    agency                      text,  -- no wall: no row goes out, answers are counted in groups of all agencies
    procedure                   text,
    field                       text,
    occasion                    text,
    officer                     text,       -- the account at the counter
    unit                        text,       -- whose step the dossier lay longest at
    slowest                     text,       -- that step
    steps                       text,       -- that were walked, separated by spaces
    campaign                    text,       -- of slips of paper
    satisfaction                smallint,
    points_time                 smallint,
    points_agencies_contacted   smallint,
    points_contacts_to_complete smallint,
    points_attitude             smallint,
    level_access                smallint,
    level_procedures            smallint,
    level_officials             smallint,
    level_results               smallint,
    level_petitions             smallint,
    recorded_on                 date,
    batch                       text,       -- answers that are counted together or not at all
    batch_size                  integer,
    pos_feedback                bigint
);
CREATE INDEX rating_recorded ON rating (recorded_on);

-- Who was asked, about which dossier. No answer leads here: it was given under a blind signature (feedback, ADR 20).
CREATE TABLE invitation (
    invitation_id uuid PRIMARY KEY,
    dossier_id    uuid,
    agency        text,  -- no wall: no row goes out, it is counted in groups of all agencies
    procedure     text,
    field         text,
    occasion      text,
    officer       text,
    issued_on     date,
    pos_feedback  bigint
);
CREATE INDEX invitation_issued ON invitation (issued_on);

-- Who of them was let in to answer: in a table of its own, so that it can be told as of an earlier position. It has no time.
CREATE TABLE admission (
    invitation_id uuid PRIMARY KEY,
    used          boolean,
    pos_feedback  bigint
);

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

-- What became of petitions, one row per fact that a figure asks for: which, whose, on what day; what it is called, who leads, until when it
-- is to be answered, whether an answer was late.
CREATE TABLE petition_turn (
    turn_pos     bigint PRIMARY KEY,  -- the fact's own position: the order within a petition
    petition_id  uuid,
    agency       text,
    what         text,
    on_day       date,
    kind         text,
    unit         text,
    due_on       date,
    late         boolean,
    pos_feedback bigint
);
CREATE INDEX petition_turn_day ON petition_turn (on_day);

-- Meetings with enterprises.
CREATE TABLE engagement (
    engagement_id uuid PRIMARY KEY,
    agency        text,
    kind          text,
    held_on       date,
    held_pos      bigint,
    struck_on     date,
    pos_feedback  bigint
);
CREATE INDEX engagement_held ON engagement (held_on);

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

-- Scores of units and officers that fell below their floor, each as it was the last time; they have recovered, or not yet.
CREATE TABLE score (
    score_id      uuid PRIMARY KEY,
    agency        text,
    whose         text,
    subject       text,
    period_from   date,
    period_to     date,
    answers       integer,
    satisfied     integer,
    floor         integer,
    fell_at       timestamptz,
    recovered_at  timestamptz,
    pos_reporting bigint
);
