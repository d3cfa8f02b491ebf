-- What lies beside the facts at the door: marks to find a person by, and files that are being uploaded.
\i services/intake/door.sql
