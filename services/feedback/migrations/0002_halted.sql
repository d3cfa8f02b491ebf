\i kernel/eventlog/migrations/0002_halted.sql
