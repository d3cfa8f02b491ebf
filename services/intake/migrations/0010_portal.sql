\i services/intake/portal.sql
