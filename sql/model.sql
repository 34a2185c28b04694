/* The model, first part: the schemas, timestamps in milliseconds, the registered users, and transfers. */

\echo Use "CREATE EXTENSION interactions" to load this file. \quit

-- CREATE EXTENSION puts the caller's schema first; nothing here may resolve to an object of somebody else's
SET LOCAL search_path = pg_catalog, pg_temp;

-- plain CREATE SCHEMA, so that a schema that somebody made beforehand is an error, not a trap
CREATE SCHEMA interactions;
COMMENT ON SCHEMA interactions IS
	'User-item interactions: one table per type, in native types';

CREATE SCHEMA interactions_v1;
COMMENT ON SCHEMA interactions_v1 IS
	'User-item interactions in wire format: timestamps in milliseconds, functions named after the REST endpoints';

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
	'INSTEAD OF trigger of interactions_v1.users: registers, names, renames, merges and erases users';

CREATE TABLE interactions.users (
	user_id text COLLATE "C" PRIMARY KEY,
	name text,
	created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE interactions.users IS
	'The registered users; interactions may bear the id of a user who is not registered';
COMMENT ON INDEX interactions.users_pkey IS 'A user''s registration';
COMMENT ON COLUMN interactions.users.user_id IS '1 to 512 bytes';
COMMENT ON COLUMN interactions.users.name IS 'What to call the user; may be null';
COMMENT ON COLUMN interactions.users.created_at IS 'When the user was registered, to the millisecond';

CREATE TRIGGER check_user BEFORE INSERT OR UPDATE ON interactions.users
	FOR EACH ROW EXECUTE FUNCTION interactions.check_user();
COMMENT ON TRIGGER check_user ON interactions.users IS 'Holds the rules';

SELECT pg_extension_config_dump('interactions.users', '');

CREATE PROCEDURE interactions.transfer_interactions(from_user_id text, to_user_id text, delete_user boolean DEFAULT true)
	AS 'MODULE_PATHNAME', 'transfer_interactions' LANGUAGE C;
COMMENT ON PROCEDURE interactions.transfer_interactions(text, text, boolean) IS
	'Move every interaction of one user to another; an unknown source is PT404, the same user twice 22023';

CREATE PROCEDURE interactions.purge(interaction_type text, older_than timestamptz, batch_size integer DEFAULT 10000)
	AS 'MODULE_PATHNAME', 'purge' LANGUAGE C;
COMMENT ON PROCEDURE interactions.purge(text, timestamptz, integer) IS
	'Remove the interactions of a type (bookmarks, ratings, ...) from before a time, batch_size in a transaction; says how many in NOTICEs; within a transaction 25001';

CREATE FUNCTION interactions.erase_user(user_id text) RETURNS json
	AS 'MODULE_PATHNAME', 'erase_user' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.erase_user(text) IS
	'Remove all of a person''s data: {"user_id", "erased": counts by type, "user_deleted": whether registered}';

CREATE FUNCTION interactions.guard_rows() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'guard_rows' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.guard_rows() IS
	'Event trigger: refuses to drop the extension while its tables hold rows, unless interactions.allow_drop is on';

CREATE EVENT TRIGGER interactions_guard_rows ON ddl_command_start
	WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
	EXECUTE FUNCTION interactions.guard_rows();
COMMENT ON EVENT TRIGGER interactions_guard_rows IS
	'Refuses to drop the extension while its tables hold rows';
