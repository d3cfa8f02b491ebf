-- The ways that dossiers go through the department, as far as classes of answers need to know. A step done again counts from its last begin.
CREATE TABLE step_begun (
    id             text PRIMARY KEY,   -- dossier and step
    dossier_id     uuid,
    step           text,
    unit           text,
    begun_at       timestamptz,
    pos_processing bigint
);
CREATE INDEX step_begun_of_dossier ON step_begun (dossier_id);

CREATE TABLE step_ended (
    id             text PRIMARY KEY,
    dossier_id     uuid,
    step           text,
    ended_at       timestamptz,
    pos_processing bigint
);
CREATE INDEX step_ended_of_dossier ON step_ended (dossier_id);
