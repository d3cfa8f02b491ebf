-- While `halted_at` is set the head cannot move: a log that is known to be an older copy of itself takes nothing on.
ALTER TABLE log.head ADD COLUMN halted_at bigint, ADD CONSTRAINT head_is_halted CHECK (pos = halted_at);
GRANT UPDATE (halted_at) ON log.head TO {role};
