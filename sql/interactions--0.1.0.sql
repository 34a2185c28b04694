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

/* The type bookmarks: its table, its view in wire format, its functions. */

CREATE TABLE interactions.bookmarks (
	user_id text COLLATE "C" NOT NULL,
	item_id text COLLATE "C" NOT NULL,
	"timestamp" timestamptz NOT NULL DEFAULT now(),
	recommendation_id text COLLATE "C",
	
	fingerprint bigint NOT NULL,
	PRIMARY KEY (user_id, "timestamp", item_id, fingerprint)
);
COMMENT ON TABLE interactions.bookmarks IS
	'Interactions of type bookmarks; the same interaction is stored once';
COMMENT ON INDEX interactions.bookmarks_pkey IS 'Identity, and the list of a user';

CREATE INDEX bookmarks_item_id_timestamp_idx ON interactions.bookmarks (item_id, "timestamp");
COMMENT ON INDEX interactions.bookmarks_item_id_timestamp_idx IS 'The list of an item';

CREATE TRIGGER check_interaction BEFORE INSERT OR UPDATE ON interactions.bookmarks
	FOR EACH ROW EXECUTE FUNCTION interactions.check_interaction('bookmarks');
COMMENT ON TRIGGER check_interaction ON interactions.bookmarks IS
	'Holds the rules, completes timestamp and fingerprint';

SELECT pg_extension_config_dump('interactions.bookmarks', '');

CREATE VIEW interactions_v1.bookmarks WITH (security_invoker = true) AS
	SELECT user_id, item_id, interactions.timestamp_to_ms("timestamp") AS "timestamp", recommendation_id
	FROM interactions.bookmarks;
COMMENT ON VIEW interactions_v1.bookmarks IS
	'Interactions of type bookmarks in wire format; takes INSERT and COPY, skips what is stored already';

CREATE TRIGGER insert_interaction INSTEAD OF INSERT ON interactions_v1.bookmarks
	FOR EACH ROW EXECUTE FUNCTION interactions.insert_interaction('bookmarks');
COMMENT ON TRIGGER insert_interaction ON interactions_v1.bookmarks IS
	'Checks the row, and collects it';

CREATE TRIGGER before_insert_interaction BEFORE INSERT ON interactions_v1.bookmarks
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('bookmarks');
COMMENT ON TRIGGER before_insert_interaction ON interactions_v1.bookmarks IS
	'Begins to collect rows';

CREATE TRIGGER after_insert_interaction AFTER INSERT ON interactions_v1.bookmarks
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('bookmarks');
COMMENT ON TRIGGER after_insert_interaction ON interactions_v1.bookmarks IS
	'Stores the collected rows in interactions.bookmarks, but those that are stored already';

CREATE FUNCTION interactions_v1.create_bookmark(json) RETURNS interactions_v1.bookmarks
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_bookmark(json) IS
	'Store one interaction of type bookmarks, an object; gives back what is stored, and sets response.status: 201, or 200 where it was stored already';

CREATE FUNCTION interactions_v1.create_bookmarks(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_bookmarks(json) IS
	'Store an array of interactions of type bookmarks, all or nothing: {"created", "duplicates"}; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_bookmarks(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_bookmarks(json) IS
	'Store the valid elements of an array of interactions of type bookmarks and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_bookmarks(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.bookmarks
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_bookmarks(text, integer, text, text, text) IS
	'Interactions of type bookmarks of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_bookmarks(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.bookmarks
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_bookmarks(text, integer, text, text, text) IS
	'Interactions of type bookmarks with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_bookmarks(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_bookmarks(text, text, text, text, text) IS
	'Delete the interactions of type bookmarks that match every criterion given: {"deleted"}; no criterion at all is 22023';

/* The type ratings: its table, its view in wire format, its functions. */

CREATE TABLE interactions.ratings (
	user_id text COLLATE "C" NOT NULL,
	item_id text COLLATE "C" NOT NULL,
	"timestamp" timestamptz NOT NULL DEFAULT now(),
	recommendation_id text COLLATE "C",
	value double precision NOT NULL,
	fingerprint bigint NOT NULL,
	PRIMARY KEY (user_id, "timestamp", item_id, fingerprint)
);
COMMENT ON TABLE interactions.ratings IS
	'Interactions of type ratings; the same interaction is stored once';
COMMENT ON INDEX interactions.ratings_pkey IS 'Identity, and the list of a user';

CREATE INDEX ratings_item_id_timestamp_idx ON interactions.ratings (item_id, "timestamp");
COMMENT ON INDEX interactions.ratings_item_id_timestamp_idx IS 'The list of an item';

CREATE TRIGGER check_interaction BEFORE INSERT OR UPDATE ON interactions.ratings
	FOR EACH ROW EXECUTE FUNCTION interactions.check_interaction('ratings');
COMMENT ON TRIGGER check_interaction ON interactions.ratings IS
	'Holds the rules, completes timestamp and fingerprint';

SELECT pg_extension_config_dump('interactions.ratings', '');

CREATE VIEW interactions_v1.ratings WITH (security_invoker = true) AS
	SELECT user_id, item_id, interactions.timestamp_to_ms("timestamp") AS "timestamp", recommendation_id, value
	FROM interactions.ratings;
COMMENT ON VIEW interactions_v1.ratings IS
	'Interactions of type ratings in wire format; takes INSERT and COPY, skips what is stored already';

CREATE TRIGGER insert_interaction INSTEAD OF INSERT ON interactions_v1.ratings
	FOR EACH ROW EXECUTE FUNCTION interactions.insert_interaction('ratings');
COMMENT ON TRIGGER insert_interaction ON interactions_v1.ratings IS
	'Checks the row, and collects it';

CREATE TRIGGER before_insert_interaction BEFORE INSERT ON interactions_v1.ratings
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('ratings');
COMMENT ON TRIGGER before_insert_interaction ON interactions_v1.ratings IS
	'Begins to collect rows';

CREATE TRIGGER after_insert_interaction AFTER INSERT ON interactions_v1.ratings
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('ratings');
COMMENT ON TRIGGER after_insert_interaction ON interactions_v1.ratings IS
	'Stores the collected rows in interactions.ratings, but those that are stored already';

CREATE FUNCTION interactions_v1.create_rating(json) RETURNS interactions_v1.ratings
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_rating(json) IS
	'Store one interaction of type ratings, an object; gives back what is stored, and sets response.status: 201, or 200 where it was stored already';

CREATE FUNCTION interactions_v1.create_ratings(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_ratings(json) IS
	'Store an array of interactions of type ratings, all or nothing: {"created", "duplicates"}; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_ratings(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_ratings(json) IS
	'Store the valid elements of an array of interactions of type ratings and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_ratings(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.ratings
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_ratings(text, integer, text, text, text) IS
	'Interactions of type ratings of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_ratings(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.ratings
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_ratings(text, integer, text, text, text) IS
	'Interactions of type ratings with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_ratings(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_ratings(text, text, text, text, text) IS
	'Delete the interactions of type ratings that match every criterion given: {"deleted"}; no criterion at all is 22023';

/* The type purchases: its table, its view in wire format, its functions. */

CREATE TABLE interactions.purchases (
	user_id text COLLATE "C" NOT NULL,
	item_id text COLLATE "C" NOT NULL,
	"timestamp" timestamptz NOT NULL DEFAULT now(),
	recommendation_id text COLLATE "C",
	price numeric, amount integer,
	fingerprint bigint NOT NULL,
	PRIMARY KEY (user_id, "timestamp", item_id, fingerprint)
);
COMMENT ON TABLE interactions.purchases IS
	'Interactions of type purchases; the same interaction is stored once';
COMMENT ON INDEX interactions.purchases_pkey IS 'Identity, and the list of a user';

CREATE INDEX purchases_item_id_timestamp_idx ON interactions.purchases (item_id, "timestamp");
COMMENT ON INDEX interactions.purchases_item_id_timestamp_idx IS 'The list of an item';

CREATE TRIGGER check_interaction BEFORE INSERT OR UPDATE ON interactions.purchases
	FOR EACH ROW EXECUTE FUNCTION interactions.check_interaction('purchases');
COMMENT ON TRIGGER check_interaction ON interactions.purchases IS
	'Holds the rules, completes timestamp and fingerprint';

SELECT pg_extension_config_dump('interactions.purchases', '');

CREATE VIEW interactions_v1.purchases WITH (security_invoker = true) AS
	SELECT user_id, item_id, interactions.timestamp_to_ms("timestamp") AS "timestamp", recommendation_id, price, amount
	FROM interactions.purchases;
COMMENT ON VIEW interactions_v1.purchases IS
	'Interactions of type purchases in wire format; takes INSERT and COPY, skips what is stored already';

CREATE TRIGGER insert_interaction INSTEAD OF INSERT ON interactions_v1.purchases
	FOR EACH ROW EXECUTE FUNCTION interactions.insert_interaction('purchases');
COMMENT ON TRIGGER insert_interaction ON interactions_v1.purchases IS
	'Checks the row, and collects it';

CREATE TRIGGER before_insert_interaction BEFORE INSERT ON interactions_v1.purchases
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('purchases');
COMMENT ON TRIGGER before_insert_interaction ON interactions_v1.purchases IS
	'Begins to collect rows';

CREATE TRIGGER after_insert_interaction AFTER INSERT ON interactions_v1.purchases
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('purchases');
COMMENT ON TRIGGER after_insert_interaction ON interactions_v1.purchases IS
	'Stores the collected rows in interactions.purchases, but those that are stored already';

CREATE FUNCTION interactions_v1.create_purchase(json) RETURNS interactions_v1.purchases
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_purchase(json) IS
	'Store one interaction of type purchases, an object; gives back what is stored, and sets response.status: 201, or 200 where it was stored already';

CREATE FUNCTION interactions_v1.create_purchases(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_purchases(json) IS
	'Store an array of interactions of type purchases, all or nothing: {"created", "duplicates"}; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_purchases(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_purchases(json) IS
	'Store the valid elements of an array of interactions of type purchases and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_purchases(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.purchases
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_purchases(text, integer, text, text, text) IS
	'Interactions of type purchases of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_purchases(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.purchases
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_purchases(text, integer, text, text, text) IS
	'Interactions of type purchases with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_purchases(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_purchases(text, text, text, text, text) IS
	'Delete the interactions of type purchases that match every criterion given: {"deleted"}; no criterion at all is 22023';

/* The type cart_additions: its table, its view in wire format, its functions. */

CREATE TABLE interactions.cart_additions (
	user_id text COLLATE "C" NOT NULL,
	item_id text COLLATE "C" NOT NULL,
	"timestamp" timestamptz NOT NULL DEFAULT now(),
	recommendation_id text COLLATE "C",
	price numeric, amount integer,
	fingerprint bigint NOT NULL,
	PRIMARY KEY (user_id, "timestamp", item_id, fingerprint)
);
COMMENT ON TABLE interactions.cart_additions IS
	'Interactions of type cart_additions; the same interaction is stored once';
COMMENT ON INDEX interactions.cart_additions_pkey IS 'Identity, and the list of a user';

CREATE INDEX cart_additions_item_id_timestamp_idx ON interactions.cart_additions (item_id, "timestamp");
COMMENT ON INDEX interactions.cart_additions_item_id_timestamp_idx IS 'The list of an item';

CREATE TRIGGER check_interaction BEFORE INSERT OR UPDATE ON interactions.cart_additions
	FOR EACH ROW EXECUTE FUNCTION interactions.check_interaction('cart_additions');
COMMENT ON TRIGGER check_interaction ON interactions.cart_additions IS
	'Holds the rules, completes timestamp and fingerprint';

SELECT pg_extension_config_dump('interactions.cart_additions', '');

CREATE VIEW interactions_v1.cart_additions WITH (security_invoker = true) AS
	SELECT user_id, item_id, interactions.timestamp_to_ms("timestamp") AS "timestamp", recommendation_id, price, amount
	FROM interactions.cart_additions;
COMMENT ON VIEW interactions_v1.cart_additions IS
	'Interactions of type cart_additions in wire format; takes INSERT and COPY, skips what is stored already';

CREATE TRIGGER insert_interaction INSTEAD OF INSERT ON interactions_v1.cart_additions
	FOR EACH ROW EXECUTE FUNCTION interactions.insert_interaction('cart_additions');
COMMENT ON TRIGGER insert_interaction ON interactions_v1.cart_additions IS
	'Checks the row, and collects it';

CREATE TRIGGER before_insert_interaction BEFORE INSERT ON interactions_v1.cart_additions
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('cart_additions');
COMMENT ON TRIGGER before_insert_interaction ON interactions_v1.cart_additions IS
	'Begins to collect rows';

CREATE TRIGGER after_insert_interaction AFTER INSERT ON interactions_v1.cart_additions
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('cart_additions');
COMMENT ON TRIGGER after_insert_interaction ON interactions_v1.cart_additions IS
	'Stores the collected rows in interactions.cart_additions, but those that are stored already';

CREATE FUNCTION interactions_v1.create_cart_addition(json) RETURNS interactions_v1.cart_additions
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_cart_addition(json) IS
	'Store one interaction of type cart_additions, an object; gives back what is stored, and sets response.status: 201, or 200 where it was stored already';

CREATE FUNCTION interactions_v1.create_cart_additions(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_cart_additions(json) IS
	'Store an array of interactions of type cart_additions, all or nothing: {"created", "duplicates"}; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_cart_additions(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_cart_additions(json) IS
	'Store the valid elements of an array of interactions of type cart_additions and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_cart_additions(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.cart_additions
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_cart_additions(text, integer, text, text, text) IS
	'Interactions of type cart_additions of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_cart_additions(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.cart_additions
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_cart_additions(text, integer, text, text, text) IS
	'Interactions of type cart_additions with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_cart_additions(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_cart_additions(text, text, text, text, text) IS
	'Delete the interactions of type cart_additions that match every criterion given: {"deleted"}; no criterion at all is 22023';

/* The type views: its table, its view in wire format, its functions. */

CREATE TABLE interactions.views (
	user_id text COLLATE "C" NOT NULL,
	item_id text COLLATE "C" NOT NULL,
	"timestamp" timestamptz NOT NULL DEFAULT now(),
	recommendation_id text COLLATE "C",
	duration bigint,
	fingerprint bigint NOT NULL,
	PRIMARY KEY (user_id, "timestamp", item_id, fingerprint)
);
COMMENT ON TABLE interactions.views IS
	'Interactions of type views; the same interaction is stored once';
COMMENT ON INDEX interactions.views_pkey IS 'Identity, and the list of a user';

CREATE INDEX views_item_id_timestamp_idx ON interactions.views (item_id, "timestamp");
COMMENT ON INDEX interactions.views_item_id_timestamp_idx IS 'The list of an item';

CREATE TRIGGER check_interaction BEFORE INSERT OR UPDATE ON interactions.views
	FOR EACH ROW EXECUTE FUNCTION interactions.check_interaction('views');
COMMENT ON TRIGGER check_interaction ON interactions.views IS
	'Holds the rules, completes timestamp and fingerprint';

SELECT pg_extension_config_dump('interactions.views', '');

CREATE VIEW interactions_v1.views WITH (security_invoker = true) AS
	SELECT user_id, item_id, interactions.timestamp_to_ms("timestamp") AS "timestamp", recommendation_id, duration
	FROM interactions.views;
COMMENT ON VIEW interactions_v1.views IS
	'Interactions of type views in wire format; takes INSERT and COPY, skips what is stored already';

CREATE TRIGGER insert_interaction INSTEAD OF INSERT ON interactions_v1.views
	FOR EACH ROW EXECUTE FUNCTION interactions.insert_interaction('views');
COMMENT ON TRIGGER insert_interaction ON interactions_v1.views IS
	'Checks the row, and collects it';

CREATE TRIGGER before_insert_interaction BEFORE INSERT ON interactions_v1.views
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('views');
COMMENT ON TRIGGER before_insert_interaction ON interactions_v1.views IS
	'Begins to collect rows';

CREATE TRIGGER after_insert_interaction AFTER INSERT ON interactions_v1.views
	FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('views');
COMMENT ON TRIGGER after_insert_interaction ON interactions_v1.views IS
	'Stores the collected rows in interactions.views, but those that are stored already';

CREATE FUNCTION interactions_v1.create_view(json) RETURNS interactions_v1.views
	AS 'MODULE_PATHNAME', 'create_interaction' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_view(json) IS
	'Store one interaction of type views, an object; gives back what is stored, and sets response.status: 201, or 200 where it was stored already';

CREATE FUNCTION interactions_v1.create_views(json) RETURNS json
	AS 'MODULE_PATHNAME', 'create_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.create_views(json) IS
	'Store an array of interactions of type views, all or nothing: {"created", "duplicates"}; sets response.status: 201';

CREATE FUNCTION interactions_v1.import_views(json) RETURNS json
	AS 'MODULE_PATHNAME', 'import_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.import_views(json) IS
	'Store the valid elements of an array of interactions of type views and report the rest: {"created", "duplicates", "errors": [{"index", "code", "message"}]}; sets response.status: 200';

CREATE FUNCTION interactions_v1.list_user_views(user_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.views
	AS 'MODULE_PATHNAME', 'list_user_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_user_views(text, integer, text, text, text) IS
	'Interactions of type views of a user, newest first; after is <timestamp>:<item_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.list_item_views(item_id text, page_size integer DEFAULT NULL,
	after text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL)
	RETURNS SETOF interactions_v1.views
	AS 'MODULE_PATHNAME', 'list_item_interactions' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION interactions_v1.list_item_views(text, integer, text, text, text) IS
	'Interactions of type views with an item, newest first; after is <timestamp>:<user_id> of the last row of the page before; from_timestamp (ms) is included, to_timestamp is not';

CREATE FUNCTION interactions_v1.delete_views(user_id text DEFAULT NULL, item_id text DEFAULT NULL,
	"timestamp" text DEFAULT NULL, from_timestamp text DEFAULT NULL, to_timestamp text DEFAULT NULL) RETURNS json
	AS 'MODULE_PATHNAME', 'delete_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.delete_views(text, text, text, text, text) IS
	'Delete the interactions of type views that match every criterion given: {"deleted"}; no criterion at all is 22023';

/* The wire format across the types: transfers and users; then what holds for all objects. */

CREATE FUNCTION interactions_v1.transfer_interactions(from_user_id text, to_user_id text, delete_user boolean DEFAULT true) RETURNS json
	AS 'MODULE_PATHNAME', 'transfer_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.transfer_interactions(text, text, boolean) IS
	'Move every interaction of one user to another: {"from_user_id", "to_user_id", "transferred", "duplicates", "user_deleted"}; an unknown source is PT404, the same user twice 22023';

-- UNION pushes a filter on external_id down to the indexes of each table
CREATE VIEW interactions_v1.users WITH (security_invoker = true) AS
	SELECT user_id AS external_id, name, interactions.timestamp_to_ms(created_at) AS created_at
	FROM interactions.users
	UNION ALL
	SELECT user_id, NULL, NULL
	FROM (SELECT user_id FROM interactions.bookmarks UNION SELECT user_id FROM interactions.ratings UNION SELECT user_id FROM interactions.purchases UNION SELECT user_id FROM interactions.cart_additions UNION SELECT user_id FROM interactions.views) AS seen
	WHERE NOT EXISTS (SELECT FROM interactions.users AS registered WHERE registered.user_id = seen.user_id);
COMMENT ON VIEW interactions_v1.users IS
	'Every known user: registered, or seen in an interaction; INSERT registers, UPDATE names, renames or merges, DELETE erases with every interaction';

CREATE TRIGGER edit_user INSTEAD OF INSERT OR UPDATE OR DELETE ON interactions_v1.users
	FOR EACH ROW EXECUTE FUNCTION interactions.edit_user();
COMMENT ON TRIGGER edit_user ON interactions_v1.users IS 'Registers, names, renames, merges and erases users';

-- costs the same at any size: nothing is counted
CREATE VIEW interactions.stats AS
	SELECT relname::text AS interaction_type,
		CASE WHEN reltuples >= 0 THEN reltuples::bigint END AS rows,
		pg_total_relation_size(pg_class.oid) AS bytes,
		bounds[1] AS oldest,
		bounds[array_upper(bounds, 1)] AS newest
	FROM pg_class
	LEFT JOIN pg_stats ON schemaname = 'interactions' AND tablename = relname AND attname = 'timestamp'
	CROSS JOIN LATERAL (SELECT histogram_bounds::text::timestamptz[]) AS histogram (bounds)
	WHERE relnamespace = 'interactions'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'users';
COMMENT ON VIEW interactions.stats IS
	'Rows, oldest and newest by type, as of the last ANALYZE or VACUUM (null before), and bytes as of now';
COMMENT ON COLUMN interactions.stats.interaction_type IS 'The table';
COMMENT ON COLUMN interactions.stats.rows IS 'Estimated by the last VACUUM or ANALYZE';
COMMENT ON COLUMN interactions.stats.bytes IS 'Of the table with its indexes';
COMMENT ON COLUMN interactions.stats.oldest IS 'Oldest in the sample of the last ANALYZE';
COMMENT ON COLUMN interactions.stats.newest IS 'Newest in the sample of the last ANALYZE';

-- each column is described once, whatever tables and views have it
DO $$
DECLARE
	described record;
BEGIN
	FOR described IN
		SELECT attrelid::regclass AS relation, attname, comment
		FROM (VALUES
			('interactions', 'user_id', 'Who; 1 to 512 bytes'),
			('interactions', 'item_id', 'With what; 1 to 512 bytes'),
			('interactions', 'timestamp', 'When, to the millisecond; null becomes now'),
			('interactions', 'recommendation_id', 'The recommendation that led here, 1 to 512 bytes, or null'),
			('interactions', 'value', 'Rating, 0 to 5'),
			('interactions', 'price', 'Price of the item, 0 or more, or null'),
			('interactions', 'amount', 'How many, 1 or more, or null'),
			('interactions', 'duration', 'How long, ms, 0 or more, or null'),
			('interactions', 'fingerprint', 'Hash over the columns outside the key, set by the trigger'),
			('interactions_v1', 'timestamp', 'When, ms since 1970-01-01 UTC; null becomes now'),
			('interactions_v1', 'external_id', 'The user''s id; 1 to 512 bytes'),
			('interactions_v1', 'name', 'What to call the user, or null'),
			('interactions_v1', 'created_at', 'When the user was registered, ms since 1970-01-01 UTC; null where not registered')
		) AS description(schema, attname, comment)
		JOIN pg_attribute USING (attname)
		JOIN pg_class ON pg_class.oid = attrelid
		WHERE attnum > 0 AND relkind IN ('r', 'v')
			AND (relnamespace = schema::regnamespace
				OR relnamespace = 'interactions_v1'::regnamespace AND schema = 'interactions' AND attname <> 'timestamp')
			AND col_description(attrelid, attnum) IS NULL
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', described.relation, described.attname, described.comment);
	END LOOP;
END
$$;

-- functions are PUBLIC's by default; who may do what is for the installation to say
REVOKE ALL ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 FROM PUBLIC;
