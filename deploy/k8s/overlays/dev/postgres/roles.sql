-- A database and two roles per service: one that owns and migrates, one that runs. Read once, when the cluster is made; passwords come from
-- the environment. deploy/local/postgres.py says the same for one machine; nothing compares the two yet.
\set ON_ERROR_STOP on

\getenv owner_password INTAKE_OWNER_PASSWORD
\getenv password INTAKE_PASSWORD
CREATE ROLE intake_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE intake LOGIN PASSWORD :'password';
ALTER ROLE intake SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE intake SET lock_timeout = '2s';
ALTER ROLE intake SET statement_timeout = '15s';
CREATE DATABASE intake OWNER intake_owner TEMPLATE template0;
REVOKE ALL ON DATABASE intake FROM PUBLIC;
GRANT CONNECT ON DATABASE intake TO intake;

\getenv owner_password PROCESSING_OWNER_PASSWORD
\getenv password PROCESSING_PASSWORD
CREATE ROLE processing_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE processing LOGIN PASSWORD :'password';
ALTER ROLE processing SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE processing SET lock_timeout = '2s';
ALTER ROLE processing SET statement_timeout = '15s';
CREATE DATABASE processing OWNER processing_owner TEMPLATE template0;
REVOKE ALL ON DATABASE processing FROM PUBLIC;
GRANT CONNECT ON DATABASE processing TO processing;

\getenv owner_password FEEDBACK_OWNER_PASSWORD
\getenv password FEEDBACK_PASSWORD
CREATE ROLE feedback_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE feedback LOGIN PASSWORD :'password';
ALTER ROLE feedback SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE feedback SET lock_timeout = '2s';
ALTER ROLE feedback SET statement_timeout = '15s';
CREATE DATABASE feedback OWNER feedback_owner TEMPLATE template0;
REVOKE ALL ON DATABASE feedback FROM PUBLIC;
GRANT CONNECT ON DATABASE feedback TO feedback;

\getenv owner_password REPORTING_OWNER_PASSWORD
\getenv password REPORTING_PASSWORD
CREATE ROLE reporting_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE reporting LOGIN PASSWORD :'password';
ALTER ROLE reporting SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE reporting SET lock_timeout = '2s';
ALTER ROLE reporting SET statement_timeout = '15s';
CREATE DATABASE reporting OWNER reporting_owner TEMPLATE template0;
REVOKE ALL ON DATABASE reporting FROM PUBLIC;
GRANT CONNECT ON DATABASE reporting TO reporting;
