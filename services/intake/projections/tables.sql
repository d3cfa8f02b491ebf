-- The register of dossiers: one row each. Columns may be null: each event sets only its own, in the order that it comes.
CREATE TABLE dossier (
    dossier_id     uuid PRIMARY KEY,
    state          text,
    agency         text,
    procedure      text,
    field          text,
    channel        text,
    applicant_kind text,
    submitted_at   timestamptz,
    code           text,
    accepted_at    timestamptz,
    due_on         date,
    new_due_on     date,          -- the day that came with an apology; due_on stays the limit
    ready_at       timestamptz,
    outcome        text,
    result_number  text,
    ended_at       timestamptz,
    erased_at      timestamptz,   -- when the person was forgotten
    pos_intake     bigint
);
CREATE INDEX dossier_by_state ON dossier (agency, state, submitted_at DESC, dossier_id DESC);
CREATE INDEX dossier_by_time ON dossier (submitted_at DESC, dossier_id DESC);
CREATE INDEX dossier_erased ON dossier (erased_at) WHERE erased_at IS NOT NULL;
CREATE UNIQUE INDEX dossier_code ON dossier (code);

-- Money that was paid, waived or refunded, one row per fact, by local day.
CREATE TABLE fee_entry (
    entry      bigint PRIMARY KEY,  -- the fact's position
    kind       text,                -- paid, waived, refunded
    agency     text,
    on_day     date,
    method     text,                -- of a payment
    amount_vnd bigint,
    receipt    text,                -- of a payment
    officer    text,
    pos_intake bigint
);
CREATE INDEX fee_entry_by_day ON fee_entry (on_day);

-- Original papers that were taken for comparison: where each is, and who has it or had it last.
CREATE TABLE original (
    original   text PRIMARY KEY,    -- dossier and number
    dossier_id uuid,
    number     integer,
    component  text,
    agency     text,
    state      text,                -- held, given-back, lost
    holder     text,
    since      timestamptz,
    pos_intake bigint
);
CREATE INDEX original_held ON original (since) WHERE state <> 'given-back';
