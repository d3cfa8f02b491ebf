-- The log, and the memory of commands. Processing keeps no personal data, so it has no vault.
\i kernel/eventlog/migrations/0001_log.sql
\i kernel/edge/schema.sql
