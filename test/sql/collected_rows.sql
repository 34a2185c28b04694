-- What a statement inserts into a view is stored in bulk, whatever runs inside or around the statement.
\set VERBOSITY terse
CREATE FUNCTION stored() RETURNS TABLE (type text, rows text) LANGUAGE sql AS $$
	SELECT 'bookmarks', string_agg(item_id, ' ' ORDER BY item_id) FROM interactions.bookmarks WHERE user_id = 'collected'
	UNION ALL
	SELECT 'views', string_agg(item_id, ' ' ORDER BY item_id) FROM interactions.views WHERE user_id = 'collected'
$$;

-- a savepoint rolled back in the middle of a transaction
BEGIN;
INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('collected', 'a');
SAVEPOINT s;
INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('collected', 'b');
INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('collected', 'c'), ('collected', '');
ROLLBACK TO s;
INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('collected', 'd');
COMMIT;
SELECT * FROM stored();

-- an error caught by a function that the statement itself calls
CREATE FUNCTION nested(item text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('collected', 'lost-' || item), ('collected', '');
	EXCEPTION WHEN invalid_parameter_value THEN
		INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('collected', 'inner-' || item);
	END;
	RETURN 'outer-' || item;
END
$$;
INSERT INTO interactions_v1.bookmarks (user_id, item_id) SELECT 'collected', nested(i::text) FROM generate_series(1, 2) i;
SELECT * FROM stored();

-- two inserts in one statement, into the same view and another
WITH one AS (
	INSERT INTO interactions_v1.bookmarks (user_id, item_id) VALUES ('collected', 'w1') RETURNING *
), two AS (
	INSERT INTO interactions_v1.views (user_id, item_id) SELECT user_id, item_id FROM one RETURNING *
)
INSERT INTO interactions_v1.bookmarks (user_id, item_id) SELECT user_id, item_id || '+' FROM two;
SELECT * FROM stored();

-- a trigger of the user's on the table that inserts into the view again
CREATE FUNCTION echo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.item_id NOT LIKE 'echo%' THEN
		INSERT INTO interactions_v1.views (user_id, item_id) VALUES (NEW.user_id, 'echo-' || NEW.item_id);
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER echo AFTER INSERT ON interactions.views FOR EACH ROW EXECUTE FUNCTION echo();
INSERT INTO interactions_v1.views (user_id, item_id) VALUES ('collected', 'x'), ('collected', 'y');
DROP TRIGGER echo ON interactions.views;
SELECT * FROM stored();

-- more rows than the buffer holds, each twice, then one that breaks a rule: the error names the line
\copy interactions_v1.views (user_id, item_id, "timestamp", duration) FROM PROGRAM 'seq -f 10000000%05.0f 25000 | sed "s/.*/many,item,&,1\nmany,item,&,1/"' CSV
SELECT count(*), min(interactions.timestamp_to_ms("timestamp")), max(interactions.timestamp_to_ms("timestamp")) FROM interactions.views WHERE user_id = 'many';
-- a large one takes few subtransactions, which would make other sessions slower
BEGIN;
INSERT INTO interactions_v1.views (user_id, item_id) SELECT 'large', n::text FROM generate_series(1, 150000) AS n;
SELECT count(*), count(DISTINCT xmin::text) AS subtransactions FROM interactions.views WHERE user_id = 'large';
ROLLBACK;
\set VERBOSITY default
\copy interactions_v1.views (user_id, item_id, "timestamp", duration) FROM PROGRAM 'seq -f 10000000%05.0f 25000 | sed "s/.*/more,item,&,1/; 20000s/1$/-1/"' CSV
SELECT count(*) FROM interactions.views WHERE user_id = 'more';

-- a part is stored as soon as the buffer is full
\set VERBOSITY terse
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% rows', (SELECT count(*) FROM added); RETURN NULL; END $$;
CREATE TRIGGER tell AFTER INSERT ON interactions.views REFERENCING NEW TABLE AS added EXECUTE FUNCTION tell();
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp") SELECT 'parts', 'item', n FROM generate_series(1, 20001) AS n;
DROP TRIGGER tell ON interactions.views;

-- a view of the user's own with the trigger of a row alone: nothing is collected, each row is stored at once
CREATE VIEW own AS SELECT * FROM interactions_v1.views;
CREATE TRIGGER row INSTEAD OF INSERT ON own FOR EACH ROW EXECUTE FUNCTION interactions.insert_interaction('views');
INSERT INTO own (user_id, item_id, "timestamp", duration) VALUES ('own', 'a', 1, 1), ('own', 'a', 1, 1), ('own', 'b', 1, 1);
SELECT item_id, "timestamp" FROM interactions_v1.views WHERE user_id = 'own' ORDER BY item_id;
DROP VIEW own;

DELETE FROM interactions_v1.users WHERE external_id IN ('collected', 'many', 'own', 'parts');
DROP FUNCTION stored(), nested(text), echo(), tell();
