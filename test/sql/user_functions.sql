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
-- null where a trigger of somebody's skips the change
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER skip BEFORE INSERT ON interactions.users FOR EACH ROW EXECUTE FUNCTION skip();
SELECT FROM interactions_v1.create_view('{"user_id": "seen", "item_id": "i", "timestamp": 1700000000000}');
SELECT interactions.update_user('seen', '{"name": "S"}') IS NULL;
DROP TRIGGER skip ON interactions.users;
DROP FUNCTION skip;
SELECT interactions_v1.delete_user('seen');
