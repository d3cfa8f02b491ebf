-- The read tables of petitions and of enterprises met. Columns other than the key may be null: an event sets only those that it owns.
-- Lists of codes are one text, with blanks between. No name, no word, and of a denunciation nothing that leads to anybody: its facts have no such link.

-- The register of petitions (sổ theo dõi phản ánh, kiến nghị). `*_event` is the id of the event that a figure counts.
CREATE TABLE petition_register (
    petition_id      uuid PRIMARY KEY,
    agency           text,
    channel          text,
    party            text,
    topic            text,
    kind             text,
    code_hash        text,
    received_at      timestamptz,
    received_on      date,
    received_event   text,
    sort_by_on       date,
    due_on           date,
    due_at           timestamptz,
    classified_at    timestamptz,
    unit             text,
    partners         text,
    dossier_id       uuid,
    engagement_id    uuid,
    extended         boolean,
    round            smallint,
    answered_at      timestamptz,
    answered_on      date,
    answered_event   text,
    ever_late        boolean,
    verdict          text,
    reopen_until     timestamptz,
    publish_by_on    date,
    published_at     timestamptz,
    ended_how        text,
    ended_at         timestamptz,
    merged_into      uuid,
    alarm            text,          -- the last that was raised: due-soon, overdue
    alarm_limit      text,          -- about which limit: sort, answer, publish
    alarm_raised_at  timestamptz,
    alarm_at         timestamptz,   -- when the next one is due
    pos_feedback     bigint
);
CREATE UNIQUE INDEX petition_register_code ON petition_register (code_hash);
CREATE INDEX petition_register_newest ON petition_register (received_at DESC, petition_id DESC);
CREATE INDEX petition_register_dossier ON petition_register (dossier_id);
CREATE INDEX petition_register_alarm ON petition_register (alarm_at);

-- Enterprises met.
CREATE TABLE engagement_register (
    engagement_id uuid PRIMARY KEY,
    agency        text,
    kind          text,
    held_on       date,
    held_event    text,
    unit          text,
    group_id      uuid,
    partners      text,
    enterprises   text,
    seats         integer,
    struck_at     timestamptz,
    pos_feedback  bigint
);
CREATE INDEX engagement_register_day ON engagement_register (held_on DESC, engagement_id DESC);

-- Groups that keep themselves informed of how enterprises fare.
CREATE TABLE support_group (
    group_id     uuid PRIMARY KEY,
    agency       text,
    decision     text,
    lead         text,
    members      text,
    from_on      date,
    ended_on     date,
    pos_feedback bigint
);

-- Slips that were handed out, and those that came back.
CREATE TABLE slip (
    slip_id        uuid PRIMARY KEY,
    agency         text,
    issued_on      date,
    issued_event   text,
    returned       boolean,
    pos_feedback   bigint
);
