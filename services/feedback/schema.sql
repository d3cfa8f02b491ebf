-- All of feedback's database but the read tables, which are in projections/tables.sql; equal to the migrations.
\i kernel/eventlog/schema.sql
\i kernel/edge/schema.sql
\i kernel/vault/schema.sql
\i services/feedback/box.sql
