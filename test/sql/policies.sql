-- Where a policy or a trigger keeps a function from doing what it reports, it raises and nothing has changed; a count is what happened
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_interactions_tenant;
RESET client_min_messages;
CREATE ROLE regress_interactions_tenant;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_tenant;
GRANT ALL ON ALL TABLES IN SCHEMA interactions, interactions_v1 TO regress_interactions_tenant;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO regress_interactions_tenant;
-- g has a row that a has, and two more; of users, both are registered
CREATE PROCEDURE fill() LANGUAGE sql AS $$
	TRUNCATE interactions.views, interactions.users;
	INSERT INTO interactions_v1.views VALUES ('g', 'both', 1000000000001, NULL, 5), ('g', 'x', 1000000000002, NULL, NULL), ('g', 'y', 1000000000003, 'r', 7), ('a', 'both', 1000000000001, NULL, 5);
	INSERT INTO interactions_v1.users VALUES ('g', 'Guest', 1), ('a', NULL, 2);
$$;
CREATE VIEW state AS SELECT (SELECT string_agg(user_id || ' ' || item_id, ', ' ORDER BY user_id, item_id) FROM interactions.views) AS views,
	(SELECT string_agg(concat_ws(' ', user_id, name), ', ' ORDER BY user_id) FROM interactions.users) AS users;

ALTER TABLE interactions.views ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON interactions.views FOR SELECT USING (true);
CREATE POLICY add ON interactions.views FOR INSERT WITH CHECK (true);
CREATE POLICY remove ON interactions.views FOR DELETE USING (true);
CALL fill();
-- none for UPDATE
SET ROLE regress_interactions_tenant;
SELECT interactions_v1.transfer_interactions('g', 'a');
\echo :LAST_ERROR_SQLSTATE
UPDATE interactions_v1.users SET external_id = 'new' WHERE external_id = 'g';
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
TABLE state;
-- purge locks what it removes, which needs one; it removes what DELETE would
SET ROLE regress_interactions_tenant;
CALL interactions.purge('views', interactions.timestamp_from_ms('1000000000002'));
RESET ROLE;
TABLE state;
-- none for DELETE: the duplicate stays
CALL fill();
DROP POLICY remove ON interactions.views;
CREATE POLICY change ON interactions.views FOR UPDATE USING (true);
SET ROLE regress_interactions_tenant;
SELECT interactions_v1.transfer_interactions('g', 'a');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM interactions_v1.users WHERE external_id = 'g';
\echo :LAST_ERROR_SQLSTATE
CALL interactions.purge('views', now());
SELECT interactions_v1.delete_views('g');
-- without a duplicate nothing has to be deleted
SELECT interactions_v1.transfer_interactions('g', 'new')::jsonb - 'from_user_id';
RESET ROLE;
TABLE state;
-- some rows only
CALL fill();
CREATE POLICY remove ON interactions.views FOR DELETE USING (item_id <> 'y');
DROP POLICY change ON interactions.views;
CREATE POLICY change ON interactions.views FOR UPDATE USING (item_id <> 'y') WITH CHECK (user_id <> 'secret');
SET ROLE regress_interactions_tenant;
SELECT interactions_v1.transfer_interactions('g', 'a');
SELECT interactions.erase_user('g');
SELECT interactions_v1.transfer_interactions('a', 'secret');
SELECT interactions_v1.delete_views('g');
CALL interactions.purge('views', now(), 1);
RESET ROLE;
TABLE state;
-- rows that are not shown are nobody's; but a key that one of them has is taken
CALL fill();
DROP POLICY see ON interactions.views;
CREATE POLICY see ON interactions.views FOR SELECT USING (user_id <> 'a' OR item_id = 'new');
DROP POLICY change ON interactions.views;
CREATE POLICY change ON interactions.views FOR UPDATE USING (true);
SET ROLE regress_interactions_tenant;
SELECT interactions_v1.transfer_interactions('a', 'b')::jsonb - 'from_user_id';
SELECT interactions_v1.transfer_interactions('g', 'a');
SELECT interactions_v1.create_view('{"user_id": "a", "item_id": "both", "timestamp": 1000000000001, "duration": 5}');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
TABLE state;
-- a stored interaction that only a column of the user's hides
ALTER TABLE interactions.views ADD tenant text DEFAULT current_user;
DROP POLICY see ON interactions.views;
CREATE POLICY see ON interactions.views FOR SELECT USING (tenant = current_user);
SET ROLE regress_interactions_tenant;
SELECT interactions_v1.create_view('{"user_id": "a", "item_id": "both", "timestamp": 1000000000001, "duration": 5}');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions_v1.create_views('[{"user_id": "a", "item_id": "both", "timestamp": 1000000000001, "duration": 5}, {"user_id": "a", "item_id": "mine", "timestamp": 1000000000001}]');
SELECT item_id FROM interactions_v1.list_user_views('a');
RESET ROLE;
-- one that a trigger skips is not hidden
CREATE FUNCTION pass_over() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER pass_over BEFORE INSERT ON interactions.views FOR EACH ROW EXECUTE FUNCTION pass_over();
SET ROLE regress_interactions_tenant;
SELECT interactions_v1.create_view('{"user_id": "a", "item_id": "skipped"}') IS NULL;
RESET ROLE;
DROP TRIGGER pass_over ON interactions.views;
DROP FUNCTION pass_over;
ALTER TABLE interactions.views DROP tenant CASCADE;
ALTER TABLE interactions.views DISABLE ROW LEVEL SECURITY;
DROP POLICY add ON interactions.views;
DROP POLICY remove ON interactions.views;
DROP POLICY change ON interactions.views;

-- nor does a key take what a policy, or a trigger, keeps
CALL fill();
ALTER TABLE interactions.views ADD CONSTRAINT registered FOREIGN KEY (user_id) REFERENCES interactions.users ON UPDATE CASCADE ON DELETE CASCADE;
ALTER TABLE interactions.views ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON interactions.views FOR SELECT USING (true);
SET ROLE regress_interactions_tenant;
SELECT interactions_v1.transfer_interactions('g', 'a');
SELECT interactions_v1.transfer_interactions('g', 'new');
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP POLICY see ON interactions.views;
ALTER TABLE interactions.views DISABLE ROW LEVEL SECURITY;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN CASE WHEN pg_trigger_depth() > 1 THEN coalesce(NEW, OLD) END; END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON interactions.views FOR EACH ROW EXECUTE FUNCTION keep();
SELECT interactions_v1.transfer_interactions('g', 'a');
SELECT interactions_v1.transfer_interactions('g', 'new');
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
TABLE state;
DROP FUNCTION keep CASCADE;
ALTER TABLE interactions.views DROP CONSTRAINT registered;

-- a policy that asks for rows of another table, which go first
CALL fill();
ALTER TABLE interactions.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY viewers ON interactions.users USING (EXISTS (SELECT FROM interactions.views AS v WHERE v.user_id = users.user_id)) WITH CHECK (true);
SET ROLE regress_interactions_tenant;
BEGIN;
SELECT interactions.erase_user('g') -> 'user_deleted';
ROLLBACK;
BEGIN;
UPDATE interactions_v1.users SET external_id = 'a' WHERE external_id = 'g' RETURNING external_id, name;
ROLLBACK;
RESET ROLE;
CREATE FUNCTION is_viewer(id text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN EXISTS (SELECT FROM interactions.views WHERE user_id = id); END $$;
DROP POLICY viewers ON interactions.users;
CREATE POLICY viewers ON interactions.users USING (is_viewer(user_id)) WITH CHECK (true);
SET ROLE regress_interactions_tenant;
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
TABLE state;
DROP POLICY viewers ON interactions.users;
DROP FUNCTION is_viewer;
ALTER TABLE interactions.users DISABLE ROW LEVEL SECURITY;

-- the registrations, too
CALL fill();
ALTER TABLE interactions.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON interactions.users FOR SELECT USING (true);
SET ROLE regress_interactions_tenant;
SELECT interactions_v1.transfer_interactions('g', 'a');
SELECT interactions_v1.transfer_interactions('g', 'new');
SELECT interactions.erase_user('g');
DELETE FROM interactions_v1.users WHERE external_id = 'g';
RESET ROLE;
TABLE state;
DROP POLICY see ON interactions.users;
ALTER TABLE interactions.users DISABLE ROW LEVEL SECURITY;

-- triggers that skip rows
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'DELETE' AND OLD.user_id = 'g' OR TG_OP <> 'DELETE' AND NEW.user_id IN ('a', 'new') THEN
		RETURN NULL;
	END IF;
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER skip BEFORE DELETE ON interactions.views FOR EACH ROW WHEN (OLD.item_id <> 'x') EXECUTE FUNCTION skip();
SELECT interactions_v1.transfer_interactions('g', 'a');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions_v1.delete_views('g');
TABLE state;
-- each row is come to once, and those behind it, too
CALL interactions.purge('views', now(), 1);
TABLE state;
DROP TRIGGER skip ON interactions.views;
CALL fill();
CREATE TRIGGER skip BEFORE UPDATE ON interactions.views FOR EACH ROW WHEN (NEW.item_id = 'y') EXECUTE FUNCTION skip();
SELECT interactions_v1.transfer_interactions('g', 'a');
\echo :LAST_ERROR_SQLSTATE
TABLE state;
DROP TRIGGER skip ON interactions.views;
CREATE TRIGGER skip BEFORE INSERT OR UPDATE OR DELETE ON interactions.users FOR EACH ROW EXECUTE FUNCTION skip();
SELECT interactions_v1.transfer_interactions('g', 'new');
SELECT interactions_v1.transfer_interactions('g', 'a');
SELECT interactions.erase_user('g');
\echo :LAST_ERROR_SQLSTATE
TABLE state;
DROP TRIGGER skip ON interactions.users;
-- the name that is to be the target's, the target, and the source that is to stay registered
CREATE TRIGGER skip BEFORE UPDATE ON interactions.users FOR EACH ROW EXECUTE FUNCTION skip();
SELECT interactions_v1.transfer_interactions('g', 'a', delete_user => false);
DROP TRIGGER skip ON interactions.users;
CREATE TRIGGER skip BEFORE INSERT ON interactions.users FOR EACH ROW EXECUTE FUNCTION skip();
DELETE FROM interactions.users WHERE user_id = 'a';
SELECT interactions_v1.transfer_interactions('g', 'a', delete_user => false);
SELECT interactions_v1.transfer_interactions('a', 'z', delete_user => false);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER skip ON interactions.users;
TABLE state;
-- one that sends rows elsewhere
CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.user_id := upper(NEW.user_id); RETURN NEW; END $$;
CREATE TRIGGER elsewhere BEFORE UPDATE ON interactions.views FOR EACH ROW EXECUTE FUNCTION elsewhere();
SELECT interactions_v1.transfer_interactions('g', 'a');
\echo :LAST_ERROR_SQLSTATE
TABLE state;
DROP TRIGGER elsewhere ON interactions.views;

-- without anything in the way
SELECT interactions_v1.transfer_interactions('g', 'a');
TABLE state;
DROP VIEW state;
DROP PROCEDURE fill;
DROP FUNCTION skip, elsewhere;
TRUNCATE interactions.views, interactions.users;
DROP OWNED BY regress_interactions_tenant;
DROP ROLE regress_interactions_tenant;
