-- The roles of the REST API and their rights, the least that it needs. Run it in the database of the
-- extension once the tables are made (interactions.create_tables), as a superuser or as the owner of
-- extension and tables with CREATEROLE, and again after each update:
--
--   psql -v ON_ERROR_STOP=1 -d shop -f roles.sql
--
--   authenticator   as whom PostgREST connects; may become one of the other two, and nothing else
--   web             a request: everything that the API offers
--   web_reader      a request that may only read: lists and users, what goes together and what is popular; named
--                   in a token
--
-- What recommendations brought is the shop's own business: web has it, web_reader has not. Who else shall see it gets
-- EXECUTE on get_recommendation and list_recommendation_metrics in interactions_v1, and what web_reader has.
--
-- No password is set here. On one machine PostgREST can connect through the socket as a system user of
-- the same name; elsewhere \password authenticator sets one.

BEGIN;

SET LOCAL client_min_messages = warning;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['authenticator', 'web', 'web_reader'] LOOP
		IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
			EXECUTE pg_catalog.format('CREATE ROLE %I', name);
		END IF;
	END LOOP;
END
$$;

-- NOINHERIT: without becoming web the authenticator can do nothing
ALTER ROLE authenticator LOGIN NOINHERIT NOCREATEDB NOCREATEROLE;
ALTER ROLE web NOLOGIN NOCREATEDB NOCREATEROLE;
ALTER ROLE web_reader NOLOGIN NOCREATEDB NOCREATEROLE;
GRANT web, web_reader TO authenticator;

-- PostgREST sets these for each request of the role
ALTER ROLE authenticator SET statement_timeout = '60s';
ALTER ROLE web SET statement_timeout = '60s';
ALTER ROLE web_reader SET statement_timeout = '10s';
ALTER ROLE authenticator SET idle_in_transaction_session_timeout = '60s';
-- The longest page of a list, which then has to have a page_size: 300,000 rows are 32 MB. A superuser may set it,
-- and connections made from then on have it.
-- ALTER ROLE authenticator SET interactions.max_page_size = 10000;

REVOKE ALL ON SCHEMA interactions, interactions_v1 FROM PUBLIC, authenticator, web, web_reader;
REVOKE ALL ON ALL TABLES IN SCHEMA interactions, interactions_v1 FROM PUBLIC, authenticator, web, web_reader;
REVOKE ALL ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 FROM PUBLIC, authenticator, web, web_reader;

GRANT USAGE ON SCHEMA interactions, interactions_v1 TO web, web_reader;

-- Views and functions act with the rights of who asks, so the tables below them need rights, too.
-- interactions_v1 is the API, all of it; in interactions it is the tables, and what the views call.
GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA interactions TO web;
GRANT UPDATE ON interactions.users, interactions_v1.users TO web;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA interactions_v1 TO web;
GRANT DELETE ON interactions_v1.users TO web;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA interactions_v1 TO web;

-- what is counted is not for requests to change; a transfer changes whose recommendations are
REVOKE INSERT, DELETE ON interactions.item_pairs, interactions.item_popularity FROM web;
GRANT UPDATE (user_id) ON interactions.recommendations TO web;

GRANT SELECT ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO web_reader;
-- what functions of the API call
GRANT EXECUTE ON FUNCTION interactions.store_recommendations(interactions_v1.recommendation[]), interactions.tell_recommendations(interactions_v1.recommendation[], bigint),
	interactions.warn_of_seconds(bigint, boolean),
	interactions.update_user(text, json), interactions.change_user(text, boolean, boolean, boolean, text, text, bigint),
	interactions.delete_user(text) TO web;

DO $$
DECLARE
	interactions regclass;
	function regprocedure;
BEGIN
	-- A transfer changes whose the rows are
	FOR interactions IN
		SELECT attrelid FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class ON pg_class.oid = attrelid
		WHERE relnamespace = 'interactions'::regnamespace AND relkind IN ('r', 'p') AND attname = 'fingerprint'
	LOOP
		EXECUTE pg_catalog.format('GRANT UPDATE (user_id) ON %s TO web', interactions);
	END LOOP;

	FOR function IN
		SELECT oid FROM pg_catalog.pg_proc
		WHERE pronamespace = 'interactions_v1'::regnamespace AND provolatile <> 'v'
			AND proname NOT IN ('get_recommendation', 'list_recommendation_metrics')
	LOOP
		EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO web_reader', function);
	END LOOP;

	-- what views and functions call, and only computes or reads
	FOR function IN
		SELECT oid FROM pg_catalog.pg_proc WHERE pronamespace = 'interactions'::regnamespace AND provolatile <> 'v'
	LOOP
		EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO web, web_reader', function);
	END LOOP;
END
$$;

COMMIT;

-- A PostgREST that runs already reads the schema again
NOTIFY pgrst;
