-- Signed permits as they went out.
\i kernel/paper/store.sql
