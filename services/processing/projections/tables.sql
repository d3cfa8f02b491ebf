-- The register of cases. Columns may be null: each event sets only its own.
CREATE TABLE case_register (
    case_id         uuid PRIMARY KEY,
    dossier_id      uuid,
    code            text,
    agency          text,
    procedure       text,
    field           text,
    state           text,          -- waiting, claimed, paused, issued, stopped
    step            text,
    unit            text,
    role            text,
    officer         text,
    opened_at       timestamptz,
    due_at          timestamptz,   -- null: no limit
    due_on          date,
    late_from       timestamptz,   -- the first instant that is too late: limits in days are judged by date
    -- Further open steps, where branches run beside each other: step, unit, role, officer of each. JSON as text, for jsonb would write it
    -- otherwise than the facts fold to.
    beside          text,
    new_due_at      timestamptz,   -- the day that the applicant was given with an apology; due_at stays the legal limit
    reappointed_at  timestamptz,
    workflow_hash   text,
    alarm           text,          -- the last that was raised: due-soon, overdue, escalated
    alarm_raised_at timestamptz,
    alarm_at        timestamptz,   -- when the next one is due
    paused_at       timestamptz,
    remind_at       timestamptz,   -- when an applicant who has not brought a supplement is reminded
    supplements     integer,
    decided_at      timestamptz,
    outcome         text,
    result_number   text,
    issued_at       timestamptz,
    stopped_at      timestamptz,
    pos_processing  bigint
);
CREATE INDEX case_by_dossier ON case_register (dossier_id);
CREATE INDEX case_by_time ON case_register (opened_at DESC, case_id DESC);
CREATE INDEX case_open ON case_register (late_from) WHERE state IN ('waiting', 'claimed');
CREATE INDEX case_alarm ON case_register (alarm_at) WHERE state IN ('waiting', 'claimed');
CREATE INDEX case_to_remind ON case_register (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX case_beside ON case_register (opened_at DESC, case_id DESC) WHERE beside IS NOT NULL;
CREATE INDEX case_by_desk ON case_register (unit, role, state, opened_at DESC, case_id DESC);
-- Lists of what is open look at open cases only: a few thousand, however many were ended.
CREATE INDEX case_open_by_time ON case_register (opened_at, case_id) WHERE state IN ('waiting', 'claimed', 'paused');
CREATE INDEX case_by_procedure ON case_register (procedure, opened_at DESC, case_id DESC);
CREATE INDEX case_stopped ON case_register (opened_at DESC, case_id DESC) WHERE state = 'stopped';

-- The steps that pass by themselves: when the timer of each fires; null once it has, or was cancelled.
CREATE TABLE step_timer (
    timer_id        uuid PRIMARY KEY,
    case_id         uuid,
    agency          text,
    step            text,
    fires_at        timestamptz,
    pos_processing  bigint
);
CREATE INDEX timer_due ON step_timer (fires_at) WHERE fires_at IS NOT NULL;

-- What other agencies were asked, one row for each question: whose lateness it was stays to be seen.
CREATE TABLE consultation_register (
    consultation_id uuid PRIMARY KEY,
    case_id         uuid,
    agency          text,
    number          integer,
    partner         text,
    requested_at    timestamptz,
    due_at          timestamptz,
    due_on          date,
    late_from       timestamptz,
    rings_at        timestamptz,   -- when somebody is there to be told that it has run out
    answered_at     timestamptz,
    opinion         text,
    reminded_at     timestamptz,   -- when it was said that the answer is owed beyond its limit
    pos_processing  bigint
);
CREATE INDEX consultation_owed ON consultation_register (rings_at) WHERE answered_at IS NULL AND reminded_at IS NULL;
CREATE INDEX consultation_by_partner ON consultation_register (partner, requested_at);
