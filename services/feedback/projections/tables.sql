-- The read tables of feedback. Columns other than the key may be null: an event sets only those that it owns.

-- Who may answer, and who has. Whose answer is whose is not known here (ADR 20).
CREATE TABLE invitation_register (
    invitation_id uuid PRIMARY KEY,
    dossier_id    uuid,
    agency        text,
    procedure     text,
    field         text,
    occasion      text,
    token_hash    text,
    issued_at     timestamptz,
    expires_at    timestamptz,
    officer       text,
    channel       text,
    used          boolean NOT NULL DEFAULT false,
    pos_feedback  bigint
);
CREATE INDEX invitation_register_dossier ON invitation_register (dossier_id);

-- What they answered; it names no dossier, and of the rest only what enough others have in common with it.
CREATE TABLE answer_register (
    answer_id                   uuid PRIMARY KEY,
    agency                      text,
    procedure                   text,
    field                       text,
    occasion                    text,
    officer                     text,
    unit                        text,
    slowest                     text,
    steps                       text,       -- separated by spaces
    survey                      text,
    campaign                    uuid,       -- of slips of paper
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
    pos_feedback                bigint
);
CREATE INDEX answer_register_recorded ON answer_register (agency, recorded_on);

-- What anybody wanted to say, and whether they were answered; the words are in the vault.
CREATE TABLE opinion_register (
    opinion_id   uuid PRIMARY KEY,
    agency       text,
    channel      text,
    topic        text,
    anonymous    boolean,
    received_at  timestamptz,
    answered_at  timestamptz,
    answered_by  text,
    pos_feedback bigint
);
CREATE INDEX opinion_register_newest ON opinion_register (received_at DESC, opinion_id DESC);

-- Surveys on paper, as they were ordered, and the method of their sample.
CREATE TABLE campaign_register (
    campaign_id  uuid PRIMARY KEY,
    agency       text,
    decision     text,
    survey       text,
    slips        integer,
    from_on      date,
    method       text,
    frame        integer,
    first        integer,
    nth          integer,
    seed         text,
    opened_at    timestamptz,
    closed_at    timestamptz,
    pos_feedback bigint
);
CREATE INDEX campaign_register_newest ON campaign_register (opened_at DESC, campaign_id DESC);

-- Their slips from the day on which they were handed out. Which answer was on which is not known here (ADR 19).
CREATE TABLE slip_register (
    slip_id        uuid PRIMARY KEY,
    campaign_id    uuid,
    agency         text,
    number         integer,
    issued_on      date,
    issued_event   text,
    returned_event text,
    valid_event    text,
    invalid_event  text,
    reason         text,
    pos_feedback   bigint
);
CREATE INDEX slip_register_campaign ON slip_register (campaign_id, number);
