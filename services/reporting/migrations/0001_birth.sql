\i kernel/eventlog/migrations/0001_log.sql
\i kernel/edge/schema.sql
