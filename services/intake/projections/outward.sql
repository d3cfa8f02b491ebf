-- Facts of other services that the national portal is told of, as they came: one row each.
CREATE TABLE outward (
    id             text PRIMARY KEY,  -- processing/123
    stream         uuid,              -- the dossier; an answer names none, and is its own
    cause          text,
    type           text,
    body           text,              -- JSON; jsonb would not give back what went in, and whoever verifies compares
    pos_processing bigint,
    pos_feedback   bigint
);
CREATE INDEX outward_by_processing ON outward (pos_processing);
CREATE INDEX outward_by_feedback ON outward (pos_feedback);
