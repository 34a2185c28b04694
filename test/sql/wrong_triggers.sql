-- A trigger function of ours on a relation that is not ours, or fired at another time, refuses, whatever columns it finds
\set VERBOSITY sqlstate
CREATE TABLE stray (user_id text, item_id text);
CREATE TABLE numbers (user_id int, item_id int, "timestamp" int, recommendation_id int, duration int, fingerprint int);
CREATE TABLE three (user_id int, name int, created_at int);
CREATE VIEW two_view AS SELECT user_id, item_id FROM stray;
CREATE VIEW three_view AS SELECT user_id AS external_id, name, created_at FROM three;

CREATE TABLE cases (n int GENERATED ALWAYS AS IDENTITY, fired text, relation text, called text);
INSERT INTO cases (fired, relation, called) VALUES
	('BEFORE INSERT ON %s FOR EACH ROW', 'stray', 'check_interaction(''views'')'),
	('BEFORE INSERT ON %s FOR EACH ROW', 'numbers', 'check_interaction(''views'')'),
	('BEFORE INSERT ON %s FOR EACH ROW', 'stray', 'check_interaction()'),
	('BEFORE INSERT ON %s FOR EACH ROW', 'stray', 'check_interaction(''views'', ''views'')'),
	('BEFORE INSERT ON %s FOR EACH STATEMENT', 'stray', 'check_interaction(''views'')'),
	('AFTER INSERT ON %s FOR EACH ROW', 'stray', 'check_interaction(''views'')'),
	('BEFORE INSERT ON %s FOR EACH ROW', 'stray', 'insert_interaction(''views'')'),
	('INSTEAD OF INSERT ON %s FOR EACH ROW', 'two_view', 'insert_interaction(''views'')'),
	('INSTEAD OF INSERT ON %s FOR EACH ROW', 'two_view', 'check_interaction(''views'')'),
	('BEFORE INSERT ON %s FOR EACH ROW', 'stray', 'check_user()'),
	('BEFORE INSERT ON %s FOR EACH STATEMENT', 'interactions.users', 'check_user()'),
	('AFTER INSERT ON %s FOR EACH ROW', 'interactions.users', 'check_user()'),
	('BEFORE INSERT ON %s FOR EACH ROW', 'stray', 'edit_user()'),
	('BEFORE INSERT ON %s FOR EACH STATEMENT', 'interactions.users', 'edit_user()'),
	('INSTEAD OF INSERT ON %s FOR EACH ROW', 'two_view', 'edit_user()'),
	('BEFORE INSERT ON %s FOR EACH ROW', 'three', 'check_user()'),
	('INSTEAD OF INSERT ON %s FOR EACH ROW', 'three_view', 'edit_user()');
SELECT 'BEGIN', format('CREATE TRIGGER t %s EXECUTE FUNCTION interactions.%s', format(fired, relation), called),
	format('INSERT INTO %s VALUES (%s)', relation, CASE relation WHEN 'numbers' THEN '1, 2, 3' WHEN 'interactions.users' THEN $$'u'$$ ELSE '1, 2' END
		|| CASE WHEN relation ~ 'three' THEN ', 3' ELSE '' END), 'ROLLBACK'
FROM cases ORDER BY n \gexec
SELECT count(*) FROM interactions.users;

-- one of another type stores what it is for, and never takes a value for what it is not
CREATE TRIGGER mirror INSTEAD OF INSERT ON interactions_v1.purchases FOR EACH ROW EXECUTE FUNCTION interactions.insert_interaction('bookmarks');
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", price) VALUES ('mirrored', 'i', 1700000000000, 5);
SELECT (SELECT count(*) FROM interactions.bookmarks WHERE user_id = 'mirrored'), (SELECT count(*) FROM interactions.purchases WHERE user_id = 'mirrored');
DROP TRIGGER mirror ON interactions_v1.purchases;
CREATE VIEW other_view AS SELECT ''::text AS user_id, ''::text AS item_id, 0::bigint AS "timestamp", ''::text AS recommendation_id, 0::bigint AS duration;
CREATE TRIGGER rows INSTEAD OF INSERT ON other_view FOR EACH ROW EXECUTE FUNCTION interactions.insert_interaction('views');
CREATE TRIGGER begins BEFORE INSERT ON other_view FOR EACH STATEMENT EXECUTE FUNCTION interactions.insert_interaction('purchases');
INSERT INTO other_view VALUES ('mirrored', 'i', 1700000000000, NULL, 12345);
SELECT duration FROM interactions.views WHERE user_id = 'mirrored';
DROP VIEW other_view;
SELECT interactions.erase_user('mirrored') -> 'erased';

-- nor do rewrite rules go with ours
CREATE RULE elsewhere AS ON DELETE TO interactions.views DO INSTEAD NOTHING;
SELECT interactions_v1.delete_views(user_id => 'u');
DROP RULE elsewhere ON interactions.views;
CREATE TABLE bin AS SELECT user_id FROM interactions.views WITH NO DATA;
CREATE RULE elsewhere AS ON DELETE TO interactions.views DO INSTEAD DELETE FROM bin;
SELECT interactions_v1.delete_views(user_id => 'u');
DROP TABLE bin CASCADE;

-- a function of somebody else's that borrows ours has to bear the name of a type
CREATE FUNCTION create_nothing(json) RETURNS json AS '$libdir/interactions', 'create_interactions' LANGUAGE C;
SELECT create_nothing('[]');
DROP FUNCTION create_nothing;

DROP TABLE cases, numbers;
DROP VIEW two_view, three_view;
DROP TABLE stray, three;
