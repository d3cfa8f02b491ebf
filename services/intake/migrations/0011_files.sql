\i services/intake/files.sql
