-- What each version of a procedure of intake's catalogue leads to.
CREATE TABLE procedure_result (
    content_hash     text PRIMARY KEY,
    procedure        text,
    name             text,
    components       text,         -- JSON: the name of each component by its code
    result           text,
    validity_months  integer,
    notice_days      integer,  -- working days from receipt within which a supplement must be asked for
    pos_intake       bigint
);
-- The version under which each dossier was accepted: a change of the catalogue does not touch the dossiers that are open. And whose it is.
CREATE TABLE dossier_procedure (
    dossier_id       uuid PRIMARY KEY,
    procedure_hash   text,
    holder           text,         -- an enterprise's name and tax code; null: an individual, of whom nothing is known here
    tax_code         text,
    pos_intake       bigint
);
