-- The box of answers.
\i services/feedback/box.sql
