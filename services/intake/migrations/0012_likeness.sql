\i services/intake/likeness.sql
