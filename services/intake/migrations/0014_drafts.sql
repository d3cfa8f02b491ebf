\i services/intake/drafts.sql
