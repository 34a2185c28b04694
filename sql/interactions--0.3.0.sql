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

/* The type bookmarks: a row in wire format, and its functions. */

CREATE TYPE interactions_v1.bookmark AS (
	user_id text COLLATE "C",
	item_id text COLLATE "C",
	"timestamp" bigint,
	recommendation_id text COLLATE "C"
);
COMMENT ON TYPE interactions_v1.bookmark IS
	'Interaction of type bookmarks in wire format, its timestamp in ms since 1970-01-01 UTC';

CREATE FUNCTION interactions_v1.create_bookmark(json) RETURNS interactions_v1.bookmark
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_bookmark(json) IS
	'Store one interaction of type bookmarks, an object; gives back what is stored, null where a trigger skipped it, and sets response.status: 201, or 200 where it was not stored now';

CREATE FUNCTION interactions_v1.create_bookmarks(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_bookmarks(json) IS
	'Store an array of interactions of type bookmarks, all or nothing: {"created", "duplicates"}, and "warnings" of timestamps that look like seconds; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_bookmarks(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_bookmarks(json) IS
	'Store the valid elements of an array of interactions of type bookmarks and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}, and "warnings" of timestamps that look like seconds; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_bookmarks(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.bookmark
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_bookmarks(text, integer, text, text, text) IS
	'Interactions of type bookmarks of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_bookmarks(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.bookmark
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_bookmarks(text, integer, text, text, text) IS
	'Interactions of type bookmarks with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_bookmarks(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL, delete_all boolean DEFAULT false) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_bookmarks(text, text, text, text, text, boolean) IS
	'Delete the interactions of type bookmarks that match every criterion given: {"deleted"}; no criterion at all is 22023, unless delete_all is true, which goes with none';

/* The type ratings: a row in wire format, and its functions. */

CREATE TYPE interactions_v1.rating AS (
	user_id text COLLATE "C",
	item_id text COLLATE "C",
	"timestamp" bigint,
	recommendation_id text COLLATE "C", value double precision
);
COMMENT ON TYPE interactions_v1.rating IS
	'Interaction of type ratings in wire format, its timestamp in ms since 1970-01-01 UTC';

CREATE FUNCTION interactions_v1.create_rating(json) RETURNS interactions_v1.rating
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_rating(json) IS
	'Store one interaction of type ratings, an object; gives back what is stored, null where a trigger skipped it, and sets response.status: 201, or 200 where it was not stored now';

CREATE FUNCTION interactions_v1.create_ratings(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_ratings(json) IS
	'Store an array of interactions of type ratings, all or nothing: {"created", "duplicates"}, and "warnings" of timestamps that look like seconds; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_ratings(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_ratings(json) IS
	'Store the valid elements of an array of interactions of type ratings and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}, and "warnings" of timestamps that look like seconds; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_ratings(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.rating
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_ratings(text, integer, text, text, text) IS
	'Interactions of type ratings of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_ratings(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.rating
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_ratings(text, integer, text, text, text) IS
	'Interactions of type ratings with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_ratings(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL, delete_all boolean DEFAULT false) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_ratings(text, text, text, text, text, boolean) IS
	'Delete the interactions of type ratings that match every criterion given: {"deleted"}; no criterion at all is 22023, unless delete_all is true, which goes with none';

/* The type purchases: a row in wire format, and its functions. */

CREATE TYPE interactions_v1.purchase AS (
	user_id text COLLATE "C",
	item_id text COLLATE "C",
	"timestamp" bigint,
	recommendation_id text COLLATE "C", price numeric, amount integer
);
COMMENT ON TYPE interactions_v1.purchase IS
	'Interaction of type purchases in wire format, its timestamp in ms since 1970-01-01 UTC';

CREATE FUNCTION interactions_v1.create_purchase(json) RETURNS interactions_v1.purchase
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_purchase(json) IS
	'Store one interaction of type purchases, an object; gives back what is stored, null where a trigger skipped it, and sets response.status: 201, or 200 where it was not stored now';

CREATE FUNCTION interactions_v1.create_purchases(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_purchases(json) IS
	'Store an array of interactions of type purchases, all or nothing: {"created", "duplicates"}, and "warnings" of timestamps that look like seconds; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_purchases(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_purchases(json) IS
	'Store the valid elements of an array of interactions of type purchases and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}, and "warnings" of timestamps that look like seconds; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_purchases(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.purchase
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_purchases(text, integer, text, text, text) IS
	'Interactions of type purchases of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_purchases(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.purchase
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_purchases(text, integer, text, text, text) IS
	'Interactions of type purchases with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_purchases(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL, delete_all boolean DEFAULT false) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_purchases(text, text, text, text, text, boolean) IS
	'Delete the interactions of type purchases that match every criterion given: {"deleted"}; no criterion at all is 22023, unless delete_all is true, which goes with none';

/* The type cart_additions: a row in wire format, and its functions. */

CREATE TYPE interactions_v1.cart_addition AS (
	user_id text COLLATE "C",
	item_id text COLLATE "C",
	"timestamp" bigint,
	recommendation_id text COLLATE "C", price numeric, amount integer
);
COMMENT ON TYPE interactions_v1.cart_addition IS
	'Interaction of type cart_additions in wire format, its timestamp in ms since 1970-01-01 UTC';

CREATE FUNCTION interactions_v1.create_cart_addition(json) RETURNS interactions_v1.cart_addition
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_cart_addition(json) IS
	'Store one interaction of type cart_additions, an object; gives back what is stored, null where a trigger skipped it, and sets response.status: 201, or 200 where it was not stored now';

CREATE FUNCTION interactions_v1.create_cart_additions(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_cart_additions(json) IS
	'Store an array of interactions of type cart_additions, all or nothing: {"created", "duplicates"}, and "warnings" of timestamps that look like seconds; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_cart_additions(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_cart_additions(json) IS
	'Store the valid elements of an array of interactions of type cart_additions and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}, and "warnings" of timestamps that look like seconds; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_cart_additions(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.cart_addition
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_cart_additions(text, integer, text, text, text) IS
	'Interactions of type cart_additions of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_cart_additions(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.cart_addition
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_cart_additions(text, integer, text, text, text) IS
	'Interactions of type cart_additions with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_cart_additions(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL, delete_all boolean DEFAULT false) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_cart_additions(text, text, text, text, text, boolean) IS
	'Delete the interactions of type cart_additions that match every criterion given: {"deleted"}; no criterion at all is 22023, unless delete_all is true, which goes with none';

/* The type views: a row in wire format, and its functions. */

CREATE TYPE interactions_v1.view AS (
	user_id text COLLATE "C",
	item_id text COLLATE "C",
	"timestamp" bigint,
	recommendation_id text COLLATE "C", duration bigint
);
COMMENT ON TYPE interactions_v1.view IS
	'Interaction of type views in wire format, its timestamp in ms since 1970-01-01 UTC';

CREATE FUNCTION interactions_v1.create_view(json) RETURNS interactions_v1.view
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_view(json) IS
	'Store one interaction of type views, an object; gives back what is stored, null where a trigger skipped it, and sets response.status: 201, or 200 where it was not stored now';

CREATE FUNCTION interactions_v1.create_views(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_views(json) IS
	'Store an array of interactions of type views, all or nothing: {"created", "duplicates"}, and "warnings" of timestamps that look like seconds; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_views(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_views(json) IS
	'Store the valid elements of an array of interactions of type views and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}, and "warnings" of timestamps that look like seconds; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_views(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.view
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_views(text, integer, text, text, text) IS
	'Interactions of type views of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_views(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.view
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_views(text, integer, text, text, text) IS
	'Interactions of type views with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_views(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL, delete_all boolean DEFAULT false) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_views(text, text, text, text, text, boolean) IS
	'Delete the interactions of type views that match every criterion given: {"deleted"}; no criterion at all is 22023, unless delete_all is true, which goes with none';

-- functions are PUBLIC's by default; who may do what is for the installation to say
REVOKE ALL ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 FROM PUBLIC;
