-- Recommendations are kept once, held to the rules, and go with their users; what they brought is counted as by hand
\pset format unaligned
\pset footer off
\set SHOW_CONTEXT never
\set VERBOSITY terse
-- its times are mostly before 1973, of which test warnings sees that a warning is given
SET client_min_messages = error;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SELECT * FROM interactions_v1.create_recommendation('{"recommendation_id": "r1", "user_id": "guest", "scenario": "home", "item_ids": ["a", 17], "timestamp": 1000}');
SELECT current_setting('response.status');
SELECT recommendation_id, current_setting('response.status') FROM interactions_v1.create_recommendation('{"timestamp": "1000.9", "recommendation_id": "r1", "user_id": "guest", "scenario": "home", "item_ids": ["a", "17"]}');
-- a time that is not given is any
SELECT recommendation_id, "timestamp" FROM interactions_v1.create_recommendation('{"recommendation_id": "r1", "user_id": "guest", "scenario": "home", "item_ids": ["a", "17"]}');
SELECT interactions_v1.create_recommendation('{"recommendation_id": "r1", "user_id": "guest", "scenario": "home", "item_ids": ["17", "a"]}');
SELECT interactions_v1.create_recommendation('{"recommendation_id": "r1", "user_id": "guest", "scenario": "home", "item_ids": ["a", 17], "timestamp": 1001}');
SELECT interactions_v1.create_recommendation('{"recommendation_id": "r1"}');
SELECT recommendation_id, user_id, scenario, item_ids, "timestamp" = interactions.timestamp_to_ms(now()) AS now FROM interactions_v1.create_recommendation('{"recommendation_id": 2, "scenario": null, "item_ids": []}');

CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	EXECUTE statement;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' ', SQLSTATE, SQLERRM, translate(detail, E'\n', '|'));
END
$$;
SELECT refusal(format('SELECT interactions_v1.create_recommendation(%L)', body)) FROM unnest(ARRAY[NULL, '[]', '{}', '{"recommendation_id": ""}', '{"recommendation_id": 1.5}', '{"recommendation_id": "x", "recommendation_id": "y"}',
	'{"recommendation_id": "x", "items": []}', '{"recommendation_id": "x", "item_ids": "a"}', '{"recommendation_id": "x", "item_ids": [""]}', '{"recommendation_id": "x", "item_ids": [null]}',
	'{"recommendation_id": "x", "timestamp": "2020-01-01"}', '{"recommendation_id": "x", "timestamp": -1}', '{"recommendation_id": "x", "timestamp": true}', '{"recommendation_id": "x", "user_id": ""}', '{"recommendation_id": "x", "scenario": {}}']) AS body;
SELECT refusal(format('SELECT interactions_v1.create_recommendation(%L)', json_build_object('recommendation_id', 'x', 'item_ids', array_fill('a'::text, ARRAY[n])))) FROM unnest(ARRAY[1000, 1001]) AS n;
SELECT refusal(format('INSERT INTO interactions.recommendations (recommendation_id, user_id, scenario, item_ids, "timestamp") VALUES (%s)', row)) FROM unnest(ARRAY[$$NULL, 'u', 's', NULL, '2026-01-01'$$, $$'', 'u', 's', NULL, '2026-01-01'$$,
	$$'x1', repeat('x', 513), 's', NULL, '2026-01-01'$$, $$'x1', 'u', '', NULL, '2026-01-01'$$, $$'x1', 'u', 's', '{a,""}', '2026-01-01'$$, $$'x1', 'u', 's', '{{a},{b}}', '2026-01-01'$$, $$'x1', 'u', 's', NULL, '1960-01-01'$$, $$'x1', 'u', 's', NULL, 'infinity'$$]) AS row;

-- ids are read as those of interactions are; a trigger may skip one, and must not give it another id
SELECT refusal(format('SELECT interactions_v1.create_recommendation(%L)', body)) FROM unnest(ARRAY['{"recommendation_id": 1e2}', '{"recommendation_id": "x1", "user_id": 1.0}']) AS body;
BEGIN;
SELECT recommendation_id FROM interactions_v1.create_recommendation('{"recommendation_id": -0}');
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.recommendation_id := lower(NEW.recommendation_id); RETURN CASE NEW.recommendation_id WHEN 'skip' THEN NULL ELSE NEW END; END $$;
CREATE TRIGGER meddle BEFORE INSERT ON interactions.recommendations FOR EACH ROW EXECUTE FUNCTION meddle();
SELECT interactions_v1.create_recommendation('{"recommendation_id": "skip"}') IS NULL AS skipped;
SELECT refusal($$SELECT interactions_v1.create_recommendation('{"recommendation_id": "R9"}')$$);
CREATE SEQUENCE tries;
CREATE OR REPLACE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.recommendation_id := NEW.recommendation_id || '_late'; RETURN CASE nextval('tries') WHEN 1 THEN NULL ELSE NEW END; END $$;
SELECT refusal($$SELECT interactions_v1.create_recommendation('{"recommendation_id": "r9"}')$$);
ROLLBACK;
-- a column that somebody adds may have any name
BEGIN;
ALTER TABLE interactions.recommendations ADD id text, ADD first text, ADD stored text, ADD given text, ADD this text, ADD item text;
ALTER TABLE interactions.purchases ADD id text, ADD first timestamptz, ADD last timestamptz, ADD conversion text, ADD type text;
ALTER TABLE interactions.item_pairs ADD type text, ADD item text, ADD most text, ADD cart text, ADD min_baskets text, ADD min_users text, ADD best_by text;
ALTER TABLE interactions.item_popularity ADD type text, ADD most text;
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "n1", "user_id": "u", "timestamp": 1000}, {"recommendation_id": "n2"}]');
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "n1", "user_id": "u"}, {"recommendation_id": "n2"}]');
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", recommendation_id, price) VALUES ('u', 'a', 1500, 'n1', 3), ('u', 'b', 1500, 'n1', 3), ('v', 'c', 1500, NULL, 3);
SELECT purchases, revenue FROM interactions_v1.get_recommendation('n1');
SELECT recommendations, purchases, revenue FROM interactions_v1.list_recommendation_metrics('0', '2000');
CALL interactions.refresh_items(period => NULL);
SELECT item_id FROM interactions_v1.list_together_items('a', min_baskets => 1, min_users => 1);
SELECT item_id FROM interactions_v1.list_cart_together_items('{"item_ids": ["a"], "min_baskets": 1, "min_users": 1}');
SELECT count(*) FROM interactions_v1.list_popular_items();
ROLLBACK;

-- a batch: all or nothing
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "b1", "timestamp": 1}, {"recommendation_id": "b2", "user_id": "u", "timestamp": 2}, {"recommendation_id": "b1", "timestamp": 1}, {"recommendation_id": "r1", "user_id": "guest", "scenario": "home", "item_ids": ["a", "17"]}]');
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "b5"}, {"recommendation_id": "b5", "timestamp": 1700000000000}, {"recommendation_id": "b5"}]');
SELECT "timestamp" FROM interactions_v1.recommendations WHERE recommendation_id = 'b5';
SELECT interactions_v1.create_recommendations('[]');
SELECT refusal(format('SELECT interactions_v1.create_recommendations(%L)', body)) FROM unnest(ARRAY[NULL, '{}', '7', '[{"recommendation_id": "b3"}, {}, {"recommendation_id": "b4", "user_id": ""}, 7, {"recommendation_id": "b4", "timestamp": "2020-01-01"}]', '[{"recommendation_id": ""}]',
	'[{"recommendation_id": "b3"}, {"recommendation_id": "b2", "user_id": "v"}]', '[{"recommendation_id": "b3", "user_id": "u"}, {"recommendation_id": "b3", "user_id": "v"}]',
	'[{"recommendation_id": "b3", "timestamp": 1}, {"recommendation_id": "b3", "timestamp": 2}]']) AS body;
SET interactions.max_batch_elements = 1;
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "b1"}, {"recommendation_id": "b2"}]');
RESET interactions.max_batch_elements;
-- the view
INSERT INTO interactions_v1.recommendations VALUES ('v1', 'guest', 'cart', '{a,b}', 1500), ('v1', 'guest', 'cart', '{a,b}', 1500), ('b1', NULL, NULL, NULL, 1);
INSERT INTO interactions_v1.recommendations (recommendation_id, user_id) VALUES ('v1', 'other');
-- what is stored comes back, also of what a trigger has changed or skipped
BEGIN;
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.scenario := upper(NEW.scenario); RETURN CASE NEW.scenario WHEN 'SKIP' THEN NULL ELSE NEW END; END $$;
CREATE TRIGGER shout BEFORE INSERT ON interactions.recommendations FOR EACH ROW EXECUTE FUNCTION shout();
INSERT INTO interactions_v1.recommendations (recommendation_id, scenario) VALUES ('w1', 'home'), ('w2', 'skip'), ('w3', NULL) RETURNING recommendation_id, scenario, "timestamp" > 0 AS now;
ROLLBACK;
COPY interactions_v1.recommendations FROM STDIN;
v2	guest	\N	{}	1600
\.
SELECT * FROM interactions_v1.recommendations WHERE "timestamp" < 2000 ORDER BY recommendation_id;

-- they go along: with a transfer, a rename, and an erasure; and old ones are purged
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp", recommendation_id) VALUES ('guest', 'a', 1200, 'r1');
SELECT interactions_v1.transfer_interactions('guest', 'anna') ->> 'duplicates';
SELECT recommendation_id, user_id FROM interactions.recommendations WHERE user_id IS NOT NULL ORDER BY 1;
UPDATE interactions_v1.users SET external_id = 'anne' WHERE external_id = 'anna';
SELECT count(*) FROM interactions.recommendations WHERE user_id = 'anne';
SELECT interactions.erase_user('anne');
SELECT recommendation_id FROM interactions.recommendations ORDER BY 1;
RESET client_min_messages;
CALL interactions.purge('recommendations', interactions.timestamp_from_ms('2'), 1);
SET client_min_messages = error;
SELECT recommendation_id FROM interactions.recommendations ORDER BY 1;
TRUNCATE interactions.recommendations, interactions.views, interactions.users;

-- what one brought: purchases before it was shown count, but are no answer to it; a missing amount is 1, a missing price is no revenue
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "r1", "user_id": "u", "scenario": "home", "item_ids": ["a"], "timestamp": 1000}, {"recommendation_id": "r2", "timestamp": 5000}]');
INSERT INTO interactions_v1.views (user_id, item_id, "timestamp", recommendation_id) VALUES ('u', 'a', 999, 'r1'), ('u', 'a', 1300, 'r1'), ('u', 'a', 1200, 'r1'), ('u', 'b', 1100, 'r0');
INSERT INTO interactions_v1.cart_additions (user_id, item_id, "timestamp", recommendation_id) VALUES ('u', 'a', 1400, 'r1');
INSERT INTO interactions_v1.bookmarks (user_id, item_id, "timestamp", recommendation_id) VALUES ('u', 'a', 1400, 'r1');
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp", recommendation_id, price, amount) VALUES
	('u', 'a', 900, 'r1', 1, 1), ('u', 'a', 2000, 'r1', 9.5, 2), ('u', 'b', 2500, 'r1', 3, NULL), ('v', 'a', 2600, 'r1', NULL, 5);
SELECT * FROM interactions_v1.get_recommendation('r1') \gx
SELECT bookmarks, ratings, purchases, cart_additions, views, revenue, purchases_without_price, ms_to_first_view, ms_to_first_purchase FROM interactions_v1.get_recommendation('r2');
SELECT interactions_v1.get_recommendation('r0');
\echo :LAST_ERROR_SQLSTATE
SELECT interactions_v1.get_recommendation('');
TRUNCATE interactions.recommendations, interactions.views, interactions.cart_additions, interactions.bookmarks, interactions.purchases;

-- metrics. The last Sunday of March 2026 has 23 hours in Berlin: r1 and r2 are of the 28th there and in UTC, r3 is of the 29th there only, r4 of the 29th, r5 of the 30th there only
INSERT INTO interactions.recommendations (recommendation_id, scenario, "timestamp") VALUES
	('r1', 'home', '2026-03-28 10:00'), ('r2', 'cart', '2026-03-28 22:59:59.999'), ('r3', 'home', '2026-03-28 23:00'), ('r4', NULL, '2026-03-29 12:00'), ('r5', 'home', '2026-03-29 22:00'),
	('early', 'home', '2026-03-27 23:59:59.999'), ('late', 'home', '2026-03-31');
INSERT INTO interactions.views (user_id, item_id, "timestamp", recommendation_id) VALUES
	('u', 'a', '2026-03-28 10:00', 'r1'), ('u', 'a', '2026-03-28 10:01', 'r1'), ('u', 'a', '2026-03-28 09:59:59.999', 'r3'), ('u', 'b', '2026-03-29 23:00', 'r3'), ('u', 'a', '2026-03-29', 'early'),
	('u', 'a', '2026-03-31 01:00', 'late'), ('u', 'a', '2026-03-29', NULL), ('u', 'a', '2026-03-29', 'unknown'), ('u', 'b', '2026-03-29', 'unknown'), ('u', 'a', '2026-03-31', 'unknown too'), ('u', 'a', '2026-03-29 01:00', 'never');
INSERT INTO interactions.cart_additions (user_id, item_id, "timestamp", recommendation_id) VALUES ('u', 'a', '2026-03-28 10:02', 'r1'), ('u', 'a', '2026-04-02', 'r4');
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", recommendation_id, price, amount) VALUES
	('u', 'a', '2026-03-28 10:03', 'r1', 10, 2), ('u', 'b', '2026-03-28 10:03', 'r1', 0.5, NULL), ('u', 'c', '2026-03-28 10:03', 'r1', NULL, 2), -- three of one recommendation
	('u', 'a', '2026-03-28 09:00', 'r2', 100, 1),				-- before it was shown
	('u', 'a', '2026-04-04 22:59:59.998', 'r2', 7, 1),			-- in the last millisecond of the window
	('u', 'a', '2026-04-05 12:00', 'r4', 8, 1),					-- right after the last
	('u', 'a', '2026-03-29', 'never', 5, 1);
PREPARE metrics(text, text) AS SELECT day, scenario, recommendations AS shown, clicked, added, purchased, round(click_rate::numeric, 3) AS click_rate, round(add_rate::numeric, 3) AS add_rate,
	round(conversion_rate::numeric, 3) AS conversion_rate, purchases, revenue, purchases_without_price AS no_price, complete
FROM interactions_v1.list_recommendation_metrics('1774656000000', '1774915200000', $1, $2);
EXECUTE metrics('day', 'UTC');
EXECUTE metrics('day', 'Europe/Berlin');
EXECUTE metrics('scenario', 'UTC');
EXECUTE metrics('day,scenario', 'UTC');
-- a shorter window, a longer one; late rows count when they are there; a transfer changes nothing
SELECT day, purchased, purchases, revenue FROM interactions_v1.list_recommendation_metrics('1774656000000', '1774915200000', conversion_ms => '180000');
SELECT day, purchased, purchases, revenue FROM interactions_v1.list_recommendation_metrics('1774656000000', '1774915200000', conversion_ms => '180001');
SELECT day, purchased, purchases, revenue FROM interactions_v1.list_recommendation_metrics('1774656000000', '1774915200000', conversion_ms => '604800001');
-- null is the default
SELECT count(*) AS groups, (SELECT count(*) FROM interactions_v1.list_recommendation_metrics('1774656000000', '1774915200000')) AS same
FROM interactions_v1.list_recommendation_metrics('1774656000000', '1774915200000', NULL, NULL, NULL);
INSERT INTO interactions.purchases (user_id, item_id, "timestamp", recommendation_id, price) VALUES ('u', 'x', '2026-03-30', 'r5', 1);
SELECT interactions_v1.transfer_interactions('u', 'w') ->> 'duplicates';
EXECUTE metrics('scenario', 'UTC');
-- the window of what is new has not passed; with the user all that is his goes, also from the metrics
INSERT INTO interactions.recommendations (recommendation_id, user_id, "timestamp") VALUES ('new', 'w', now());
SELECT recommendations, conversion_rate, complete FROM interactions_v1.list_recommendation_metrics(interactions.timestamp_to_ms(now() - interval '1 day')::text, interactions.timestamp_to_ms(now() + interval '1 day')::text, 'scenario');
SELECT interactions.erase_user('w');
SELECT count(*) FROM interactions_v1.list_recommendation_metrics(interactions.timestamp_to_ms(now() - interval '1 day')::text, interactions.timestamp_to_ms(now() + interval '1 day')::text);
SELECT scenario, recommendations, clicked, click_rate, purchases, revenue FROM interactions_v1.list_recommendation_metrics('1774656000000', '1774915200000', 'scenario');
SELECT refusal('SELECT interactions_v1.list_recommendation_metrics(' || arguments || ')') FROM unnest(ARRAY[$$'0', '1', 'week'$$, $$'0', '1', 'scenario,day'$$, $$'0', '1', time_zone => 'Mars/Olympus'$$, $$'1', '1'$$, $$'2', '1'$$,
	$$'0', '34560000001'$$, $$'0', '34560000000'$$, $$NULL, '1'$$, $$'0', NULL$$, $$'0', 'x'$$, $$'0', '1', conversion_ms => '-1'$$, $$'0', '1', conversion_ms => '253402300799999'$$]) AS arguments;

-- triggers and policies of somebody's find what they name by the search_path of who calls
BEGIN;
CREATE TABLE noted (recommendation_id text);
CREATE TABLE scenarios (scenario text);
INSERT INTO scenarios VALUES ('home');
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO noted VALUES (NEW.recommendation_id); RETURN NEW; END $$;
CREATE TRIGGER note BEFORE INSERT ON interactions.recommendations FOR EACH ROW EXECUTE FUNCTION note();
CREATE FUNCTION shown(text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN EXISTS (SELECT FROM scenarios WHERE scenario = $1); END $$;
CREATE ROLE regress_interactions_shown;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_shown;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO regress_interactions_shown;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA interactions, interactions_v1, public TO regress_interactions_shown;
ALTER TABLE interactions.recommendations ENABLE ROW LEVEL SECURITY;
ALTER TABLE interactions.item_pairs ENABLE ROW LEVEL SECURITY;
ALTER TABLE interactions.item_popularity ENABLE ROW LEVEL SECURITY;
CREATE POLICY shown ON interactions.recommendations USING (shown(scenario));
CREATE POLICY shown ON interactions.item_pairs USING (NOT shown(item_id));
CREATE POLICY shown ON interactions.item_popularity USING (NOT shown(item_id));
SET LOCAL ROLE regress_interactions_shown;
SELECT recommendation_id FROM interactions_v1.create_recommendation('{"recommendation_id": "s1", "scenario": "home", "timestamp": 1000}');
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "s1", "scenario": "home"}, {"recommendation_id": "s2", "scenario": "home", "timestamp": 1000}]');
INSERT INTO interactions_v1.recommendations (recommendation_id, scenario, "timestamp") VALUES ('s3', 'home', 1000) RETURNING recommendation_id;
SELECT scenario FROM interactions_v1.get_recommendation('s2');
SELECT recommendations FROM interactions_v1.list_recommendation_metrics('0', '2000');
SELECT count(*) FROM interactions_v1.list_together_items('x');
SELECT count(*) FROM interactions_v1.list_cart_together_items('{"item_ids": ["x"]}');
SELECT count(*) FROM interactions_v1.list_popular_items();
TABLE noted;
ROLLBACK;
-- a BEFORE trigger of one's own that skips a row, a policy that hides one
CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER skip BEFORE INSERT ON interactions.recommendations FOR EACH ROW WHEN (NEW.user_id = 'nobody') EXECUTE FUNCTION skip();
SELECT (interactions_v1.create_recommendation('{"recommendation_id": "s", "user_id": "nobody"}')).recommendation_id IS NULL AS skipped, current_setting('response.status');
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "s", "user_id": "nobody"}]');
DROP TRIGGER skip ON interactions.recommendations;
DROP FUNCTION skip;
-- one that does something else instead does it once for a row
BEGIN;
CREATE TABLE others (recommendation_id text PRIMARY KEY);
CREATE FUNCTION divert() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO others VALUES (NEW.recommendation_id); RETURN NULL; END';
CREATE TRIGGER divert BEFORE INSERT ON interactions.recommendations FOR EACH ROW EXECUTE FUNCTION divert();
SELECT (interactions_v1.create_recommendation('{"recommendation_id": "d1"}')).recommendation_id IS NULL AS skipped;
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "d2"}, {"recommendation_id": "d3"}]');
INSERT INTO interactions_v1.recommendations (recommendation_id) VALUES ('d4');
TABLE others ORDER BY 1;
ROLLBACK;
CREATE ROLE regress_interactions_shown;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_shown;
-- who may insert into the table needs no more
GRANT INSERT ON interactions.recommendations TO regress_interactions_shown;
SET ROLE regress_interactions_shown;
INSERT INTO interactions.recommendations (recommendation_id) VALUES ('r8');
RESET ROLE;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO regress_interactions_shown;
GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA interactions TO regress_interactions_shown;
ALTER TABLE interactions.recommendations ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON interactions.recommendations TO regress_interactions_shown USING (scenario = 'own');
SET ROLE regress_interactions_shown;
SELECT refusal($$SELECT interactions_v1.create_recommendation('{"recommendation_id": "r1", "scenario": "own"}')$$);
SELECT refusal($$SELECT interactions_v1.create_recommendation('{"recommendation_id": "r9", "scenario": "other"}')$$);
SELECT recommendation_id FROM interactions_v1.create_recommendation('{"recommendation_id": "r9", "scenario": "own"}');
SELECT refusal($$SELECT interactions_v1.get_recommendation('r1')$$);
RESET ROLE;
ALTER TABLE interactions.recommendations DISABLE ROW LEVEL SECURITY;
DROP POLICY own ON interactions.recommendations;
DROP OWNED BY regress_interactions_shown;
DROP ROLE regress_interactions_shown;
DROP TABLE interactions.recommendations CASCADE;
SELECT refusal(statement) FROM unnest(ARRAY[$$SELECT interactions_v1.create_recommendation('{"recommendation_id": "x"}')$$, $$SELECT interactions_v1.create_recommendations('[]')$$, $$SELECT interactions_v1.get_recommendation('x')$$,
	$$SELECT interactions_v1.list_recommendation_metrics('0', '1')$$, $$CALL interactions.purge('recommendations', now())$$]) AS statement;
DROP FUNCTION refusal;
SET client_min_messages = warning;
SELECT interactions.create_tables();
TRUNCATE interactions.recommendations, interactions.views, interactions.cart_additions, interactions.purchases, interactions.users;
