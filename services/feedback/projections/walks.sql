-- The ways that dossiers go through the department, as far as classes of answers need to know: what each fact told, and nothing put together.
CREATE TABLE walk (
    id             text PRIMARY KEY,   -- the event's
    dossier_id     uuid,
    at             timestamptz,
    done           text,               -- the step that was done, if one was
    open           text,               -- all steps that are open since, each with its unit: `B2:van-phong B3:ky-thuat`
    pos_processing bigint
);
CREATE INDEX walk_of_dossier ON walk (dossier_id, pos_processing);
