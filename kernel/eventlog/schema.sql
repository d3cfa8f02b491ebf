-- The log of one service, and what its readers know of it. Owned by the migrating role; `{role}` is the running service.

CREATE SCHEMA log;

-- The sequencer: one row, one lock. Its row lock is held until the transaction is visible, so whoever sees a position
-- sees every smaller one: positions are dense and commit in order, which a sequence cannot promise.
CREATE TABLE log.head (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    pos       bigint NOT NULL DEFAULT 0,
    epoch     uuid NOT NULL DEFAULT gen_random_uuid(),  -- identity of this history, copied into the stream's metadata
    halted_at bigint,                                   -- set while log and stream tell different histories
    CONSTRAINT head_is_halted CHECK (pos = halted_at)   -- nobody moves the head then, whichever process asks
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);
INSERT INTO log.head DEFAULT VALUES;

CREATE TABLE log.event (
    pos     bigint PRIMARY KEY,                        -- 1, 2, 3, ... and the JetStream sequence
    stream  uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    subject text NOT NULL,
    body    bytea NOT NULL,                            -- the CloudEvent: hashed, stored and published as these bytes
    hash    bytea NOT NULL CHECK (length(hash) = 32),  -- sha256(hash of the stream's previous event, then body)
    CONSTRAINT event_stream_version_key UNIQUE (stream, version)
);

-- Two locks on the same door: no privilege to change, and a trigger for whoever has one.
CREATE FUNCTION log.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'log.% is append-only', TG_TABLE_NAME; END$$;
CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log.event EXECUTE FUNCTION log.refuse_change();

CREATE VIEW log.event_json AS
SELECT pos, stream, version, subject, convert_from(body, 'UTF8')::jsonb AS body FROM log.event;

-- How far a consumer has read a source; moved in the same transaction as the effect.
CREATE TABLE log.checkpoint (
    consumer text NOT NULL,
    source   text NOT NULL,
    pos      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (consumer, source)
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);

-- A fact that a consumer cannot apply, and the later facts of the same stream, which wait behind it.
CREATE TABLE log.parked (
    consumer text NOT NULL,
    source   text NOT NULL,
    pos      bigint NOT NULL,
    stream   uuid NOT NULL,
    body     bytea NOT NULL,
    error    text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, source, pos)
);
CREATE INDEX parked_stream ON log.parked (consumer, stream);

-- Which version of each read model the views in schema `read` show.
CREATE TABLE log.read_model (
    name    text PRIMARY KEY,
    version integer NOT NULL
);

CREATE TABLE log.seal (
    upto      bigint PRIMARY KEY,
    root      bytea NOT NULL CHECK (length(root) = 32),
    previous  bytea NOT NULL CHECK (length(previous) = 32),
    key_id    text NOT NULL,
    signature bytea NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER seal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log.seal EXECUTE FUNCTION log.refuse_change();

GRANT USAGE ON SCHEMA log TO {role};
GRANT SELECT, UPDATE (pos, halted_at) ON log.head TO {role};
GRANT SELECT, INSERT ON log.event, log.seal TO {role};
GRANT SELECT ON log.event_json TO {role};
GRANT SELECT, INSERT, UPDATE ON log.checkpoint, log.read_model TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON log.parked TO {role};
-- Read models are the running service's own: it makes and replaces them, in schemas of its own.
DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {role}', current_database()); END$$;
