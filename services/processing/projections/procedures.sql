-- What each procedure of intake's catalogue leads to, as last published.
CREATE TABLE procedure_result (
    procedure        text PRIMARY KEY,
    result           text,
    validity_months  integer,
    content_hash     text,
    pos_intake       bigint
);
