-- What UPDATE and DELETE of interactions_v1.users do, functions do, too; put_user has the id as it stands in a path.
\pset format unaligned
\pset tuples_only on
\pset null -
DELETE FROM interactions_v1.users;
SELECT FROM interactions_v1.create_view('{"user_id": "a b", "item_id": "i", "timestamp": 1700000000000}');
SELECT interactions.update_user('a b', '{"name": "\"N\"", "created_at": 5}');
SELECT interactions.update_user('a b', '{"name": null}');
SELECT interactions_v1.put_user(E'a%20b\n{"external_id": "é", "name": 7}');
SELECT interactions_v1.put_user(E'%c3%A9\n {"external_id": "%41%"}');
SELECT interactions_v1.put_user(E'%2541%\n{"created_at": "6"}');
-- a merge
SELECT FROM interactions_v1.create_view('{"user_id": "c", "item_id": "i", "timestamp": 1700000000000}');
SELECT FROM interactions_v1.create_view('{"user_id": "c", "item_id": "j", "timestamp": 1700000000000}');
SELECT interactions.update_user('c', '{"external_id": "%41%"}');
SELECT * FROM interactions_v1.users;
SELECT user_id, item_id FROM interactions.views ORDER BY item_id;
-- refused
CREATE FUNCTION refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT ' || call;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT call, refusal(call) FROM unnest(ARRAY[$$interactions.update_user('x', '{"name": "X"}')$$, $$interactions.update_user('', '{"name": "X"}')$$, $$interactions.update_user(NULL, '{"name": "X"}')$$,
	$$interactions.update_user('%41%', NULL)$$, $$interactions.update_user('%41%', '{}')$$, $$interactions.update_user('%41%', '[]')$$, $$interactions.update_user('%41%', '"name"')$$,
	$$interactions.update_user('%41%', '{"nam": 1}')$$, $$interactions.update_user('%41%', '{"name": 1, "name": 2}')$$, $$interactions.update_user('%41%', '{"external_id": null}')$$,
	$$interactions.update_user('%41%', '{"external_id": ""}')$$, $$interactions.update_user('%41%', '{"name": {"first": "N"}}')$$, $$interactions.update_user('%41%', '{"created_at": null}')$$, $$interactions.update_user('%41%', '{"created_at": "x"}')$$,
	$$interactions.update_user('%41%', '{"created_at": -1}')$$, $$interactions_v1.put_user('x')$$, $$interactions_v1.put_user(NULL)$$, $$interactions_v1.put_user(E'%2541%\n')$$, $$interactions_v1.put_user(E'%2541%\n{')$$,
	$$interactions_v1.put_user(E'%00\n{"name": "X"}')$$, $$interactions_v1.put_user(E'%E9\n{"name": "X"}')$$, $$interactions_v1.put_user(E'\n{"name": "X"}')$$, $$interactions_v1.delete_user('x')$$, $$interactions_v1.delete_user(NULL)$$]) AS call;
DROP FUNCTION refusal;
SELECT interactions_v1.delete_user('%41%');
SELECT * FROM interactions_v1.users;
SELECT count(*) FROM interactions.views;
-- triggers of somebody's find what they name by the search_path of who calls; and one whom only recommendations know is known
CREATE TABLE noted (what text, who text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO noted VALUES (TG_OP, coalesce(NEW.user_id, OLD.user_id)); RETURN coalesce(NEW, OLD); END $$;
CREATE TRIGGER note BEFORE INSERT OR UPDATE OR DELETE ON interactions.users FOR EACH ROW EXECUTE FUNCTION note();
SELECT FROM interactions_v1.create_view('{"user_id": "d", "item_id": "i", "timestamp": 1700000000000}');
SELECT interactions_v1.put_user(E'd\n{"name": "D", "created_at": 1}');
SELECT interactions.update_user('d', '{"name": "E"}');
SELECT interactions_v1.delete_user('d');
TABLE noted;
DROP TABLE noted;
DROP FUNCTION note CASCADE;
SELECT FROM interactions_v1.create_recommendation('{"recommendation_id": "r1", "user_id": "shown"}');
SELECT interactions_v1.transfer_interactions('shown', 'shown too') -> 'user_deleted';
SELECT user_id FROM interactions.recommendations;
DELETE FROM interactions.users;
SELECT interactions_v1.delete_user('shown too');
SELECT count(*) FROM interactions.recommendations;
-- null where a trigger of somebody's skips the change
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER skip BEFORE INSERT ON interactions.users FOR EACH ROW EXECUTE FUNCTION skip();
SELECT FROM interactions_v1.create_view('{"user_id": "seen", "item_id": "i", "timestamp": 1700000000000}');
SELECT interactions.update_user('seen', '{"name": "S"}') IS NULL;
DROP TRIGGER skip ON interactions.users;
DROP FUNCTION skip;
SELECT interactions_v1.delete_user('seen');
