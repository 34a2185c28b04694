-- What a trigger of the user's makes of the rows of a batch, or stores meanwhile, is checked like any other row
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
-- fires before the extension's own, by name, and does what the item says
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	CASE NEW.item_id
		WHEN 'spoil' THEN NEW.price := -1;
		WHEN 'unmark' THEN NEW.fingerprint := 0;
		WHEN 'insert' THEN INSERT INTO interactions.purchases (user_id, item_id, price) VALUES (NEW.user_id, 'inserted', 1);
		WHEN 'insert bad' THEN INSERT INTO interactions.purchases (user_id, item_id, price) VALUES (NEW.user_id, 'inserted', -1);
		WHEN 'nest' THEN PERFORM interactions_v1.create_purchases('[{"user_id": "checked", "item_id": "nested"}, {"user_id": "checked", "item_id": "unmark"}]');
		WHEN 'fail' THEN RAISE 'no such luck';
		ELSE
	END CASE;
	RETURN NEW;
END
$$;
CREATE TRIGGER a_meddle BEFORE INSERT ON interactions.purchases FOR EACH ROW EXECUTE FUNCTION meddle();
-- three interactions of which the second is the one of interest
CREATE FUNCTION send(item text, last text DEFAULT 'z') RETURNS json LANGUAGE sql AS $$
	SELECT interactions_v1.create_purchases(json_agg(json_build_object('user_id', 'checked', 'item_id', i, 'timestamp', 1000000000000 + n)))
	FROM unnest(ARRAY['a', item, last]) WITH ORDINALITY AS items (i, n)
$$;
CREATE FUNCTION taken() RETURNS TABLE (item_id text, price numeric) LANGUAGE sql AS $$
	DELETE FROM interactions.purchases WHERE fingerprint <> 0 RETURNING item_id, price
$$;

SELECT send('spoil');
SELECT send('insert bad');
SELECT send('nest', 'spoil');
SELECT send('fail');
-- nor does a batch that failed leave anything to a row that comes after it
INSERT INTO interactions.purchases (user_id, item_id, price) VALUES ('checked', 'a', -1);
SELECT * FROM taken();

SELECT send('unmark');
SELECT * FROM taken() ORDER BY 1;
SELECT send('insert', 'unmark');
SELECT * FROM taken() ORDER BY 1;
SELECT send('nest', 'unmark');
SELECT * FROM taken() ORDER BY 1;
-- the same through the view; the second time one is stored already, so the careful way
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp") VALUES ('checked', 'a', 1000000000001), ('checked', 'unmark', 1000000000002), ('checked', 'a', 1000000000001);
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp") VALUES ('checked', 'a', 1000000000001), ('checked', 'unmark', 1000000000002), ('checked', 'b', 1000000000001);
INSERT INTO interactions_v1.purchases (user_id, item_id, "timestamp") VALUES ('checked', 'a', 1000000000001), ('checked', 'spoil', 1000000000002);
SELECT * FROM taken() ORDER BY 1;
SELECT count(*) FROM interactions.purchases;

DROP TRIGGER a_meddle ON interactions.purchases;
DROP FUNCTION meddle, send, taken;
