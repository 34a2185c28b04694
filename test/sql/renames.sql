-- An UPDATE of users changes the columns that it names and no other, and never makes a chain of renames
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset null -
CREATE PROCEDURE fill() LANGUAGE sql AS $$
	TRUNCATE interactions.users, interactions.views;
	INSERT INTO interactions.users VALUES ('ANNA', 'Anna', to_timestamp(1)), ('anna', NULL, to_timestamp(2)), ('1', 'One', to_timestamp(3)), ('2', 'Two', to_timestamp(4)), ('3', NULL, to_timestamp(5));
	INSERT INTO interactions_v1.views SELECT n, 'i' || n, 1000000000000 + n FROM generate_series(1, 3) AS n;
	INSERT INTO interactions_v1.views VALUES ('seen', 'i', 1000000000001);
$$;
CREATE VIEW state AS SELECT user_id, name, interactions.timestamp_to_ms(created_at) AS created_at, (SELECT string_agg(item_id, ' ' ORDER BY item_id) FROM interactions.views AS v WHERE v.user_id = users.user_id) AS items FROM interactions.users ORDER BY user_id;

-- in any order of the rows the name goes along, and stays
CALL fill();
UPDATE interactions_v1.users SET external_id = lower(external_id) WHERE external_id ILIKE 'anna' RETURNING external_id, name;
TABLE state;
CALL fill();
TRUNCATE interactions.users;
INSERT INTO interactions.users VALUES ('anna', NULL, to_timestamp(2)), ('ANNA', 'Anna', to_timestamp(1));
UPDATE interactions_v1.users SET external_id = lower(external_id) RETURNING external_id, name;
TABLE state;
-- one that names nothing new registers nobody
CALL fill();
UPDATE interactions_v1.users SET external_id = external_id WHERE external_id = 'seen' RETURNING *;
UPDATE interactions_v1.users SET name = name WHERE external_id = '1' RETURNING *;
SELECT count(*) FROM state WHERE user_id = 'seen';
-- null is what he has, who is not registered
BEGIN;
UPDATE interactions_v1.users SET name = 'Seen', created_at = created_at WHERE external_id = 'seen' RETURNING external_id, name, created_at > 5 AS now;
ROLLBACK;
UPDATE interactions_v1.users SET (name, created_at) = (upper(name), created_at + 1) WHERE external_id = '1' RETURNING *;
UPDATE interactions_v1.users SET name = NULL, external_id = 'one' WHERE external_id = '1' RETURNING *;
TABLE state;

-- chains and swaps
CALL fill();
UPDATE interactions_v1.users SET external_id = (external_id::int + 1)::text WHERE external_id ~ '^\d$';
\echo :LAST_ERROR_SQLSTATE
UPDATE interactions_v1.users SET external_id = (external_id::int - 1)::text WHERE external_id ~ '^\d$';
\set VERBOSITY terse
UPDATE interactions_v1.users SET external_id = CASE external_id WHEN '1' THEN '2' ELSE '1' END WHERE external_id IN ('1', '2');
UPDATE interactions_v1.users SET external_id = CASE external_id WHEN '1' THEN '3' WHEN '3' THEN 'new' END WHERE external_id IN ('1', '3');
-- nor may it change both otherwise, where a name or a time of one would be the other's or not by the order
UPDATE interactions_v1.users SET external_id = CASE external_id WHEN '2' THEN '3' ELSE external_id END, name = 'x' || name WHERE external_id IN ('2', '3');
UPDATE interactions_v1.users SET external_id = CASE external_id WHEN '3' THEN '2' ELSE external_id END, created_at = 1 WHERE external_id IN ('2', '3');
\set VERBOSITY default
TABLE state;
-- ids that nobody has, one that several get, two statements, one that is not renamed
UPDATE interactions_v1.users SET external_id = 'u' || external_id WHERE external_id ~ '^\d$';
UPDATE interactions_v1.users SET external_id = CASE external_id WHEN 'u3' THEN 'u3' ELSE 'u' || external_id END WHERE external_id ~ '^u\d$';
UPDATE interactions_v1.users SET external_id = 'all' WHERE external_id LIKE 'u%' AND external_id <> 'u3';
TABLE state;
-- a function that renames others meanwhile has a statement of its own
CREATE FUNCTION rename(old text, new text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN UPDATE interactions_v1.users SET external_id = new WHERE external_id = old; RETURN new; END $$;
UPDATE interactions_v1.users SET name = rename('u3', 'u4') WHERE external_id = 'all' RETURNING *;
TABLE state;
DROP FUNCTION rename;
DROP VIEW state;
DROP PROCEDURE fill;
TRUNCATE interactions.users, interactions.views;
