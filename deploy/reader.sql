-- Lets a role read everything, lists included, and write nothing. Run it as the owner of extension and tables
-- or a superuser once the tables are made, and again after each update:
--
--   psql -v ON_ERROR_STOP=1 -v role=analyst -d shop -f reader.sql
--
-- The role has to be there: CREATE ROLE analyst LOGIN.

BEGIN;

GRANT USAGE ON SCHEMA interactions, interactions_v1 TO :"role";
GRANT SELECT ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO :"role";

-- Functions that write are volatile, and no other is
SELECT pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO %I', oid::regprocedure, :'role')
FROM pg_catalog.pg_proc
WHERE pronamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND prokind = 'f' AND provolatile <> 'v'
\gexec

COMMIT;
