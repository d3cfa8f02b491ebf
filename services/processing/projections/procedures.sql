-- What each version of a procedure of intake's catalogue leads to.
CREATE TABLE procedure_result (
    content_hash     text PRIMARY KEY,
    procedure        text,
    result           text,
    validity_months  integer,
    notice_days      integer,  -- working days from receipt within which a supplement must be asked for
    pos_intake       bigint
);
-- The version under which each dossier was accepted: a change of the catalogue does not touch the dossiers that are open.
CREATE TABLE dossier_procedure (
    dossier_id       uuid PRIMARY KEY,
    procedure_hash   text,
    pos_intake       bigint
);
