-- Timestamps from before 1973 are stored, with one warning a call that counts them and says that they look like seconds
\pset format unaligned
\pset tuples_only on
SELECT interactions_v1.create_bookmark('{"user_id": "u", "item_id": "a", "timestamp": 99999999999}');
SELECT interactions_v1.create_bookmark('{"user_id": "u", "item_id": "b", "timestamp": 100000000000}');
SELECT interactions_v1.create_bookmarks('[{"user_id": "u", "item_id": "a", "timestamp": 1700000000}, {"user_id": "u", "item_id": "c", "timestamp": "1700000000"},
	{"user_id": "u", "item_id": "d", "timestamp": 1700000000000}, {"user_id": "u", "item_id": "e"}]');
\set VERBOSITY terse
SELECT interactions_v1.import_bookmarks('[{"user_id": "u", "item_id": "f", "timestamp": 0}, {"user_id": "", "item_id": "f", "timestamp": 0}]');
-- what is refused is not warned of
SELECT interactions_v1.create_bookmarks('[{"user_id": "u", "item_id": "g", "timestamp": 0}, {"user_id": "", "item_id": "g"}]');
-- the views: rows that are collected, one of them stored already, those of a file, and rows that are stored one by one
INSERT INTO interactions_v1.bookmarks (user_id, item_id, "timestamp") VALUES ('u', 'f', 0), ('u', 'h', 1), ('u', 'i', NULL), ('u', 'j', 1e12);
COPY interactions_v1.bookmarks (user_id, item_id, "timestamp") FROM STDIN (FORMAT csv);
u,k,1700000000
u,l,1700000000
u,m,1700000000000
\.
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER pass BEFORE INSERT ON interactions.bookmarks FOR EACH ROW EXECUTE FUNCTION pass();
INSERT INTO interactions_v1.bookmarks (user_id, item_id, "timestamp") VALUES ('u', 'n', 1), ('u', 'o', 1);
DROP TRIGGER pass ON interactions.bookmarks;
DROP FUNCTION pass();
INSERT INTO interactions_v1.bookmarks (user_id, item_id, "timestamp") VALUES ('u', 'p', -1);
-- recommendations
SELECT interactions_v1.create_recommendation('{"recommendation_id": "a", "timestamp": 99999999999}');
SELECT interactions_v1.create_recommendation('{"recommendation_id": "b", "timestamp": 100000000000}');
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "c", "timestamp": 0}, {"recommendation_id": "d", "timestamp": 1}, {"recommendation_id": "e"}]');
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "f", "timestamp": 0}, {"recommendation_id": ""}]');
INSERT INTO interactions_v1.recommendations (recommendation_id, "timestamp") VALUES ('h', 0), ('i', NULL), ('j', 1e12);
INSERT INTO interactions_v1.recommendations (recommendation_id, "timestamp") VALUES ('k', -1);
-- a table takes timestamps, which have no unit to be mistaken
INSERT INTO interactions.bookmarks (user_id, item_id, "timestamp") VALUES ('u', 'q', 'epoch');
SELECT count(*) FROM interactions.bookmarks WHERE "timestamp" < '1973-03-03 09:46:40+00';
-- PostgREST is told so in a header, once in a transaction, beside those that somebody has set
BEGIN;
SELECT set_config('response.headers', '[{"Cache-Control": "no-store"}]', true);
SET LOCAL client_min_messages = error;
SELECT FROM interactions_v1.create_bookmark('{"user_id": "u", "item_id": "r", "timestamp": 0}') AS one, interactions_v1.create_bookmark('{"user_id": "u", "item_id": "r", "timestamp": 1}') AS two;
SHOW response.headers;
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = error;
SELECT FROM interactions_v1.create_bookmark('{"user_id": "u", "item_id": "s", "timestamp": 0}');
SHOW response.headers;
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = error;
SELECT FROM interactions_v1.create_recommendation('{"recommendation_id": "g", "timestamp": 0}');
SHOW response.headers;
ROLLBACK;
TRUNCATE interactions.bookmarks, interactions.recommendations;
