-- Every issue of the controlled documents. Columns may be null: each event sets only its own.
CREATE TABLE document_issue (
    id              text PRIMARY KEY,   -- code and issue
    code            text,
    issue           integer,
    title           text,
    title_en        text,
    standard        text,
    field           text,
    -- The procedures that it names. JSON as text, as `beside` of the register of cases.
    procedures      text,
    approved_by     text,
    from_on         date,
    basis           text,
    issued_at       timestamptz,
    withdrawn_on    date,               -- the first day without it; a further issue ends it too
    withdrawn_at    timestamptz,
    pos_processing  bigint
);
CREATE UNIQUE INDEX document_issue_by_code ON document_issue (code, issue);
