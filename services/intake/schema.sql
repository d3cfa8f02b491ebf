-- The database of intake as it is now: its log, what its rim remembers, its vault. Read tables: projections/tables.sql.
\i kernel/eventlog/schema.sql
\i kernel/edge/schema.sql
\i kernel/vault/schema.sql
\i services/intake/portal.sql
\i services/intake/files.sql
\i services/intake/likeness.sql
\i services/intake/failing.sql
\i services/intake/drafts.sql
