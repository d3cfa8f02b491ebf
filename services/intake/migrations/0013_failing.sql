\i services/intake/failing.sql
