-- What goes out of this service, to whom, and how far it has got. Owned by the migrating role; `{role}` is the running service.

CREATE SCHEMA portal;

-- A subscriber's address for webhooks. Its keys are not here: they are derived, so there is nothing to steal from this table.
CREATE TABLE portal.subscription (
    id          uuid PRIMARY KEY,           -- from the caller and the Idempotency-Key
    fingerprint bytea NOT NULL,             -- sha256 of what was asked for: another body under the same key is refused
    owner       text NOT NULL,
    agencies    text[],                     -- null = every agency
    url         text NOT NULL,
    signature   text NOT NULL CHECK (signature IN ('v1', 'v1a')),
    generation  integer NOT NULL DEFAULT 1, -- of its key; the one before is used beside it for a while
    rotated_at  timestamptz,
    state       text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'gone', 'closed')),
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- How far each receiver's list of deliveries has been written, per log.
CREATE TABLE portal.receiver (
    name   text NOT NULL,
    source text NOT NULL,
    pos    bigint NOT NULL,
    PRIMARY KEY (name, source)
);

-- One thing to deliver to one receiver. In each stream the order is that of `id`, and nothing overtakes: what is parked holds up its stream.
CREATE TABLE portal.delivery (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver text NOT NULL,
    source   text NOT NULL,
    pos      bigint NOT NULL,
    stream   uuid NOT NULL,
    state    text NOT NULL CHECK (state IN ('held', 'waiting', 'done', 'parked')),
    attempts integer NOT NULL DEFAULT 0,    -- counted before each try, so that a try that nobody saw the end of is known
    due_at   timestamptz NOT NULL DEFAULT now(),
    status   integer,                       -- what the last try was answered with
    error    text,
    at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT delivery_once UNIQUE (receiver, source, pos)
);
CREATE INDEX delivery_open ON portal.delivery (receiver, stream, id) WHERE state <> 'done';
CREATE INDEX delivery_stream ON portal.delivery (stream, receiver, id);

-- Which dossiers the national portal holds, under which code and day. What it holds of them is derived from the facts.
CREATE TABLE portal.record (
    dossier uuid PRIMARY KEY,
    code    text NOT NULL UNIQUE,
    day     date NOT NULL
);
CREATE INDEX record_day ON portal.record (day);

-- Comparisons with the national portal, asked for by somebody or due by the day, and what came of them. Codes only, nothing personal.
CREATE TABLE portal.comparison (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    since    date NOT NULL,              -- days of receipt from this one on
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    done_at  timestamptz,
    result   jsonb
);

-- How often something was looked up lately: by code and by caller, as hashes.
CREATE TABLE portal.look_up (
    key      bytea PRIMARY KEY,
    since_at timestamptz NOT NULL,
    tries    integer NOT NULL
);

GRANT USAGE ON SCHEMA portal TO {role};
GRANT SELECT, INSERT, UPDATE ON portal.subscription, portal.receiver, portal.delivery, portal.record, portal.comparison TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON portal.look_up TO {role};
