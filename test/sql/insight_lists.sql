-- Lists of what goes together and what is popular: best first by each score, thresholds, carts, who sees what, and what is refused
\pset format unaligned
\pset footer off
\set SHOW_CONTEXT never
SET client_min_messages = warning;
-- nothing is counted yet
SELECT * FROM interactions_v1.list_together_items('bread');
SELECT * FROM interactions_v1.list_popular_items('views');
SELECT * FROM interactions_v1.list_bought_together_items('bread', 'wine');

-- ten baskets: bread with butter in four, of three users; with jam in two, of one; wine and cheese; bread alone
INSERT INTO interactions.purchases (user_id, item_id, "timestamp")
SELECT u, unnest(string_to_array(items, ' ')), '2026-01-01'::timestamptz + n * interval '1 day' FROM (VALUES
	(1, 'a', 'bread butter'), (2, 'b', 'bread butter'), (3, 'c', 'bread butter jam'), (4, 'c', 'bread butter jam'), (5, 'a', 'wine cheese'),
	(6, 'b', 'wine cheese'), (7, 'a', 'wine'), (8, 'd', 'bread wine'), (9, 'd', 'tea'), (10, 'd', 'bread')) AS basket (n, u, items);
CALL interactions.refresh_items(period => NULL);
SELECT item_id, baskets, users, item_baskets, other_baskets, total_baskets, support, round(confidence::numeric, 3) AS confidence, round(lift::numeric, 3) AS lift,
	round(llr::numeric, 3) AS llr, round(cosine::numeric, 3) AS cosine, round(jaccard::numeric, 3) AS jaccard FROM interactions_v1.list_together_items('bread', min_users => 1);
SELECT score, string_agg(item_id, ' ' ORDER BY place) FROM unnest('{llr,count,confidence,lift,cosine,jaccard}'::text[]) AS score,
	interactions_v1.list_together_items('butter', score => score, min_baskets => 1, min_users => 1) WITH ORDINALITY AS listed (item_id, a, b, c, d, e, f, g, h, i, j, k, place)
GROUP BY score ORDER BY score;
SELECT item_id FROM interactions_v1.list_together_items('bread');
SELECT item_id FROM interactions_v1.list_together_items('bread', 'purchases', 1, 'llr', 1, 1);
SELECT item_id FROM interactions_v1.list_together_items('bread', NULL, NULL, NULL, NULL, NULL);
SELECT item_id FROM interactions_v1.list_together_items('nobody has it');
SELECT item_id FROM interactions_v1.list_together_items('bread', 'views');
-- ties come by id
SELECT item_id, interactions, users FROM interactions_v1.list_popular_items(page_size => 3);

-- a cart: the scores summed, its own items left out
SELECT item_id, items, round(score::numeric, 3) AS score FROM interactions_v1.list_cart_together_items('{"item_ids": ["bread", "jam", "bread"], "min_users": 1}');
SELECT item_id, items, score FROM interactions_v1.list_cart_together_items('{"item_ids": ["jam", "wine"], "min_users": 1, "min_baskets": "1", "score": "count", "page_size": 2, "interaction_type": null}');
SELECT sum(score) = (SELECT sum(llr) FROM unnest('{bread,jam}'::text[]) AS item, interactions_v1.list_together_items(item, min_users => 1) AS t WHERE t.item_id = 'butter') AS same
FROM interactions_v1.list_cart_together_items('{"item_ids": ["bread", "jam"], "min_users": 1}') WHERE item_id = 'butter';
SELECT item_id, items FROM interactions_v1.list_bought_together_items('bread', 'wine');
SELECT item_id, items FROM interactions_v1.list_bought_together_items(VARIADIC '{butter}');

-- a refresh replaces all of a type, and nothing of another
INSERT INTO interactions.views (user_id, item_id, "timestamp") VALUES ('a', 'x', '2026-01-01'), ('a', 'y', '2026-01-01'), ('a', 'x', '2026-01-01 00:20'), ('a', 'z', '2026-01-02'), ('b', 'x', '2026-01-01');
CALL interactions.refresh_items('views', period => NULL);
DELETE FROM interactions.purchases WHERE item_id = 'jam';
CALL interactions.refresh_items(period => NULL);
SELECT interaction_type, item_id, other_item_id, baskets, users FROM interactions.item_pairs ORDER BY 1, 2, 3;
SELECT interaction_type, item_id, interactions, baskets, users FROM interactions.item_popularity ORDER BY 1, 2;
-- a basket too large, and none at all
CALL interactions.refresh_items('views', period => NULL, max_basket_items => 1);
SELECT item_id, interactions, baskets, users FROM interactions.item_popularity WHERE interaction_type = 'views' ORDER BY 1;
CALL interactions.refresh_items('views', period => '1 day');
SELECT count(*) FROM interactions.item_popularity WHERE interaction_type = 'views';

-- what is refused
\set VERBOSITY terse
SELECT interactions_v1.list_together_items('');
SELECT interactions_v1.list_together_items(NULL);
SELECT interactions_v1.list_together_items('bread', 'orders');
SELECT interactions_v1.list_together_items('bread', page_size => 0);
SELECT interactions_v1.list_together_items('bread', score => 'support');
SELECT interactions_v1.list_popular_items('users');
SELECT interactions_v1.list_popular_items(page_size => -1);
SELECT interactions_v1.list_bought_together_items('');
SELECT interactions_v1.list_bought_together_items(VARIADIC array_fill('x'::text, '{51}'));
SELECT interactions_v1.list_bought_together_items(VARIADIC '{}');
SELECT interactions_v1.list_bought_together_items(VARIADIC NULL);
SELECT interactions_v1.list_bought_together_items(VARIADIC '{a,NULL}');
CREATE FUNCTION refusal(cart json) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM interactions_v1.list_cart_together_items(cart);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT refusal(cart::json) FROM unnest(ARRAY[NULL, '[]', '7', '{}', '{"item_ids": null}', '{"item_ids": []}', '{"item_ids": "bread"}', '{"item_ids": [null]}', '{"item_ids": [1.5]}',
	'{"item_ids": [""]}', '{"item_ids": [1], "item_ids": [2]}', '{"item_ids": [1], "colour": 1}', '{"item_ids": [17, "a"], "page_size": "x"}', '{"item_ids": [["a"]]}',
	'{"item_ids": ["a"], "score": "best"}', '{"item_ids": ["a"], "interaction_type": "orders"}', '{"item_ids": ["a"], "page_size": 0}', '{"item_ids": ["\u0000"]}', '{"item_ids": [17, "a"]}']) AS cart;
-- what of it a message shows is short
SELECT max(length(refusal)) < 200 FROM unnest(ARRAY['page_size', 'min_baskets', 'min_users', 'score', 'interaction_type']) AS property,
	LATERAL refusal(json_build_object('item_ids', '{a}'::text[], property, repeat('y', 100000))) AS refusal;
DROP FUNCTION refusal;
CALL interactions.refresh_items('orders');
CALL interactions.refresh_items(NULL);
CALL interactions.refresh_items(basket_gap => NULL);
CALL interactions.refresh_items(basket_gap => '-1 second');
CALL interactions.refresh_items(basket_gap => '100000000 years');
CALL interactions.refresh_items(period => '-1 day');
CALL interactions.refresh_items(max_basket_items => 0);
CALL interactions.refresh_items(items_kept => -1);
CALL interactions.refresh_items(half_life => '0');
SELECT interactions.checked_id(NULL, 'x');
SET interactions.max_page_size = 5;
SELECT interactions_v1.list_popular_items(page_size => NULL);
SELECT interactions_v1.list_together_items('bread');
SELECT count(*) FROM interactions_v1.list_popular_items(page_size => 5);
RESET interactions.max_page_size;

-- columns, triggers and policies of one's own: what cannot be replaced is not
ALTER TABLE interactions.item_pairs ADD counted_at timestamptz DEFAULT now(), ADD CHECK (baskets < 100);
CALL interactions.refresh_items(period => NULL);
SELECT count(counted_at) > 0 AS kept FROM interactions.item_pairs;
CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER stay BEFORE DELETE ON interactions.item_pairs FOR EACH ROW WHEN (OLD.item_id = 'butter') EXECUTE FUNCTION stay();
CALL interactions.refresh_items(period => NULL);
SELECT count(*) FROM interactions.item_pairs;
DROP TRIGGER stay ON interactions.item_pairs;
CREATE TRIGGER stay BEFORE INSERT ON interactions.item_popularity FOR EACH ROW WHEN (NEW.item_id = 'tea') EXECUTE FUNCTION stay();
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '% rows in %', (SELECT count(*) FROM stored), TG_TABLE_NAME; RETURN NULL; END $$;
CREATE TRIGGER told AFTER INSERT ON interactions.item_popularity REFERENCING NEW TABLE AS stored FOR EACH STATEMENT EXECUTE FUNCTION told();
CALL interactions.refresh_items(period => NULL);
SELECT count(*), count(*) FILTER (WHERE item_id = 'tea') AS skipped FROM interactions.item_popularity WHERE interaction_type = 'purchases';
DROP TRIGGER stay ON interactions.item_popularity;
DROP TRIGGER told ON interactions.item_popularity;
TRUNCATE interactions.item_popularity;
ALTER TABLE interactions.item_popularity ADD CONSTRAINT one_each UNIQUE (interaction_type, users, baskets);
CALL interactions.refresh_items(period => NULL);
ALTER TABLE interactions.item_popularity DROP CONSTRAINT one_each;
CREATE ROLE regress_interactions_counts;
GRANT USAGE ON SCHEMA interactions, interactions_v1 TO regress_interactions_counts;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 TO regress_interactions_counts;
SET ROLE regress_interactions_counts;
CALL interactions.refresh_items(period => NULL);
RESET ROLE;
GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA interactions TO regress_interactions_counts;
ALTER TABLE interactions.purchases ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON interactions.purchases TO regress_interactions_counts USING (user_id IN ('a', 'b'));
SET ROLE regress_interactions_counts;
CALL interactions.refresh_items(period => NULL);
RESET ROLE;
SELECT item_id, other_item_id, baskets, users, total_baskets FROM interactions.item_pairs WHERE interaction_type = 'purchases' ORDER BY 1, 2;
ALTER TABLE interactions.item_popularity ENABLE ROW LEVEL SECURITY;
CREATE POLICY no_wine ON interactions.item_popularity TO regress_interactions_counts USING (item_id <> 'wine');
SET ROLE regress_interactions_counts;
CALL interactions.refresh_items(period => NULL);
RESET ROLE;
ALTER TABLE interactions.item_popularity DISABLE ROW LEVEL SECURITY;
DROP POLICY no_wine ON interactions.item_popularity;
ALTER TABLE interactions.item_pairs ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON interactions.item_pairs FOR SELECT TO regress_interactions_counts USING (true);
SET ROLE regress_interactions_counts;
CALL interactions.refresh_items(period => NULL);
SELECT count(*) FROM interactions_v1.list_together_items('bread');
RESET ROLE;

ALTER TABLE interactions.item_pairs DISABLE ROW LEVEL SECURITY;
ALTER TABLE interactions.purchases DISABLE ROW LEVEL SECURITY;
DROP POLICY seen ON interactions.item_pairs;
DROP POLICY own ON interactions.purchases;
DROP OWNED BY regress_interactions_counts;
DROP ROLE regress_interactions_counts;
DROP FUNCTION stay, told;
DROP TABLE interactions.item_pairs, interactions.item_popularity;
-- without the tables
SELECT interactions_v1.list_together_items('bread');
SELECT interactions_v1.list_popular_items();
SELECT interactions_v1.list_cart_together_items('{"item_ids": ["bread"]}');
CALL interactions.refresh_items();
TRUNCATE interactions.purchases, interactions.views;
SELECT interactions.create_tables();
