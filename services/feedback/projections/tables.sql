-- The read tables of feedback. Columns other than the key may be null: an event sets only those that it owns.

-- Who may answer, and who has. It is not kept here when they did: the instant would lead to the rating.
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
    used          boolean NOT NULL DEFAULT false,
    pos_feedback  bigint
);
CREATE INDEX invitation_register_dossier ON invitation_register (dossier_id);

-- What they answered; it names no dossier.
CREATE TABLE rating_register (
    rating_id                   uuid PRIMARY KEY,
    agency                      text,
    procedure                   text,
    field                       text,
    occasion                    text,
    satisfaction                smallint,
    points_time                 smallint,
    points_agencies_contacted   smallint,
    points_contacts_to_complete smallint,
    points_attitude             smallint,
    commented                   boolean,
    recorded_at                 timestamptz,
    pos_feedback                bigint
);
CREATE INDEX rating_register_recorded ON rating_register (agency, recorded_at);

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
