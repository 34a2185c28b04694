/* The extension: functions, composite types and the schema of the wire format. What stands here first is for all types. */

\echo Use "CREATE EXTENSION interactions" to load this file. \quit

-- CREATE EXTENSION puts the schema of the tables first; nothing here may resolve to an object of somebody else's
SET LOCAL search_path = pg_catalog, pg_temp;

COMMENT ON SCHEMA interactions IS
	'User-item interactions: one table per type, in native types';

-- plain CREATE SCHEMA, so that a schema that somebody made beforehand is an error, not a trap
CREATE SCHEMA interactions_v1;
COMMENT ON SCHEMA interactions_v1 IS
	'User-item interactions in wire format: timestamps in milliseconds, functions named after the REST endpoints';

-- the statements in it are written for this search_path
CREATE FUNCTION interactions.create_tables(partitioned boolean DEFAULT false) RETURNS void
	AS 'MODULE_PATHNAME', 'create_tables' LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION interactions.create_tables(boolean) IS
	'Make the tables, indexes, triggers and views that are missing, as the caller''s, and keep what is there; partitioned by range of "timestamp" or not; a relation of the right name that has not the columns is 42P16, or no table or view 42809';

CREATE FUNCTION interactions.timestamp_from_ms(text) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'timestamp_from_ms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION interactions.timestamp_from_ms(text) IS
	'Timestamp of a number of milliseconds since 1970-01-01 UTC, 0 to 253402300799999, a fraction cut off; otherwise 22023, no number 22P02';

CREATE FUNCTION interactions.timestamp_to_ms(timestamptz) RETURNS bigint
	AS 'MODULE_PATHNAME', 'timestamp_to_ms' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION interactions.timestamp_to_ms(timestamptz) IS
	'Milliseconds since 1970-01-01 UTC of a timestamp, a fraction cut off; an infinite one is 22008';

CREATE FUNCTION interactions.check_interaction() RETURNS trigger
	AS 'MODULE_PATHNAME', 'check_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.check_interaction() IS
	'BEFORE INSERT OR UPDATE trigger of the tables of interactions, its argument the type: holds the rules, completes timestamp and fingerprint';

CREATE FUNCTION interactions.insert_interaction() RETURNS trigger
	AS 'MODULE_PATHNAME', 'insert_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.insert_interaction() IS
	'Triggers on INSERT of the views in wire format, the argument the type: store the rows, but those that are stored already';

CREATE FUNCTION interactions.check_user() RETURNS trigger
	AS 'MODULE_PATHNAME', 'check_user' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.check_user() IS
	'BEFORE INSERT OR UPDATE trigger of interactions.users: holds the rules, completes created_at';

CREATE FUNCTION interactions.edit_user() RETURNS trigger
	AS 'MODULE_PATHNAME', 'edit_user' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.edit_user() IS
	'Triggers of interactions_v1.users: register, name, rename, merge and erase users; one whom the same statement changes is no target of a rename, 22023';

CREATE FUNCTION interactions_v1.transfer_interactions(from_user_id text, to_user_id text, delete_user boolean DEFAULT true, missing_ok boolean DEFAULT false) RETURNS json
	AS 'MODULE_PATHNAME', 'transfer_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.transfer_interactions(text, text, boolean, boolean) IS
	'Move every interaction of one user to another: {"from_user_id", "to_user_id", "transferred", "duplicates", "user_deleted"}; an unknown source is PT404, or zeros where missing_ok; the same user twice 22023; rows that a policy keeps 42501, that a trigger keeps 27000';

CREATE PROCEDURE interactions.transfer_interactions(from_user_id text, to_user_id text, delete_user boolean DEFAULT true, missing_ok boolean DEFAULT false)
	AS 'MODULE_PATHNAME', 'transfer_interactions' LANGUAGE C;
COMMENT ON PROCEDURE interactions.transfer_interactions(text, text, boolean, boolean) IS
	'Move every interaction of one user to another, as the function in interactions_v1 does';

CREATE PROCEDURE interactions.purge(interaction_type text, older_than timestamptz, batch_size integer DEFAULT 10000)
	AS 'MODULE_PATHNAME', 'purge' LANGUAGE C;
COMMENT ON PROCEDURE interactions.purge(text, timestamptz, integer) IS
	'Remove the interactions of a type (bookmarks, ratings, ...) from before a time, batch_size in a transaction; says how many in NOTICEs, at most one a second until the last; a time in the future is 22023, within a transaction 25001';

CREATE FUNCTION interactions.erase_user(user_id text) RETURNS json
	AS 'MODULE_PATHNAME', 'erase_user' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.erase_user(text) IS
	'Remove all of a person''s data: {"user_id", "erased": counts by type, "user_deleted": whether registered}; rows that a policy keeps are 42501, that a trigger keeps 27000, and nothing is removed';
