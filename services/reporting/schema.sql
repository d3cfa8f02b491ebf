-- The database of reporting as it is now: its log and what its rim remembers. Read tables: projections/tables.sql.
\i kernel/eventlog/schema.sql
\i kernel/edge/schema.sql
