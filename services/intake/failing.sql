-- An address that always fails is asked no more, and what was delivered long ago is thrown away. `{role}` is the running service.

-- Since when every try has failed; null: none has, or nobody knows since the last that arrived.
ALTER TABLE portal.subscription ADD COLUMN failing_since timestamptz;
ALTER TABLE portal.subscription DROP CONSTRAINT subscription_state_check;
ALTER TABLE portal.subscription ADD CONSTRAINT subscription_state_check CHECK (state IN ('active', 'disabled', 'gone', 'closed'));

GRANT DELETE ON portal.delivery TO {role};
