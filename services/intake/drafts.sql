-- What applicants and the desk have begun to write and not handed in. Owned by the migrating role; `{role}` is the running service.

CREATE SCHEMA drafts;

-- One draft each. What it holds is in the vault, with the draft's id as its stream; no fact knows of it.
CREATE TABLE drafts.draft (
    id          uuid PRIMARY KEY,           -- from the caller and the Idempotency-Key
    principal   text NOT NULL,              -- whose it is, and who alone sees it
    place       smallint NOT NULL,          -- which of the places of an account it takes: two that come at once cannot have the same
    version     integer NOT NULL DEFAULT 1,
    fingerprint bytea NOT NULL,             -- keyed hash of what it began with: another body under the same key is refused
    saved_by    uuid NOT NULL,              -- the command that saved it last: the same one again is answered as before
    procedure   text,                       -- one of the catalogue's, or nothing: what else was typed there is sealed
    who         bytea,                      -- as in likeness.applicant, where a number is written: by it a forgotten person's drafts are found
    ref         uuid NOT NULL,
    saved_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (principal, place)
);
CREATE INDEX draft_saved ON drafts.draft (saved_at);
CREATE INDEX draft_who ON drafts.draft (who) WHERE who IS NOT NULL;

-- Which dossier a draft became, so that its owner is told when he hands it in once more.
CREATE TABLE drafts.handed_in (
    draft     uuid PRIMARY KEY,
    version   integer NOT NULL,             -- what was handed in: a draft that was saved meanwhile is not
    principal text NOT NULL,
    dossier   uuid NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX handed_in_at ON drafts.handed_in (at);

-- The row comes with the submission, in its statement; the draft goes with it or the submission fails. There is no moment with both or neither.
CREATE FUNCTION drafts.take_away() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM drafts.draft WHERE id = NEW.draft AND version = NEW.version AND principal = NEW.principal;
    IF NOT FOUND THEN
        RAISE unique_violation USING MESSAGE = 'the draft has been saved, handed in or deleted meanwhile', CONSTRAINT = 'draft_moved_on';
    END IF;
    DELETE FROM vault.entry WHERE stream = NEW.draft;
    RETURN NEW;
END
$$;
CREATE TRIGGER take_away BEFORE INSERT ON drafts.handed_in FOR EACH ROW EXECUTE FUNCTION drafts.take_away();

GRANT USAGE ON SCHEMA drafts TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON drafts.draft TO {role};
GRANT SELECT, INSERT, DELETE ON drafts.handed_in TO {role};
