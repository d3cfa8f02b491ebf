-- The log, the memory of commands, and the vault of feedback.
\i kernel/eventlog/migrations/0001_log.sql
\i kernel/edge/schema.sql
\i kernel/vault/schema.sql
