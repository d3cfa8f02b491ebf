-- The register of permits as they stand, every number that a permit ever had, and the blanks that came in.
CREATE TABLE permit_standing (
    permit_id       uuid PRIMARY KEY,
    case_id         uuid,
    dossier_id      uuid,
    agency          text,
    procedure       text,
    kind            text,
    number          text,
    issued_on       date,
    expires_on      date,
    issued_at       timestamptz,
    holder          text,          -- an enterprise's name; null: an individual
    tax_code        text,
    state           text,          -- not-published, in-force, revoked, expired
    edition         integer,
    published_at    timestamptz,
    blank           text,          -- series and number of the blank that the last page is on
    revoked_at      timestamptz,
    pos_processing  bigint
);
CREATE INDEX permit_to_expire ON permit_standing (expires_on) WHERE state IN ('not-published', 'in-force');

CREATE TABLE permit_number (
    id              text PRIMARY KEY,  -- agency, year and number: `H09.13/2026/12/GP-SCT`
    permit_id       uuid,
    agency          text,
    year            integer,
    number          text,
    given_on        date,
    pos_processing  bigint
);
CREATE INDEX permit_by_number ON permit_number (number, given_on DESC);

CREATE TABLE book_entry (
    id              text PRIMARY KEY,  -- agency, year and serial
    agency          text,
    year            integer,
    serial          integer,
    number          text,
    case_id         uuid,
    permit_id       uuid,          -- where a permit that there was already got it
    pos_processing  bigint
);
CREATE INDEX book_by_year ON book_entry (agency, year, serial);
