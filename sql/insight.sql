/*
 * What the store answers: what goes together, what is popular, what recommendations brought. The tables are made by
 * interactions.create_tables(), so functions name them in strings. Where these run with the search_path of who calls,
 * so that triggers and policies of somebody's do, they name every object with its schema, operators included.
 */

-- rules and settings, for the functions below

CREATE FUNCTION interactions.required_table(name text) RETURNS regclass
	AS 'MODULE_PATHNAME', 'required_table' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION interactions.required_table(text) IS
	'A table of interactions; where it is missing 42P01, with the hint to make it';

CREATE FUNCTION interactions.checked_type(interaction_type text) RETURNS text
	AS 'MODULE_PATHNAME', 'checked_type' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION interactions.checked_type(text) IS
	'A type of interactions (bookmarks, ratings, ...); anything else is 22023';

CREATE FUNCTION interactions.checked_page_size(page_size integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'checked_page_size' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION interactions.checked_page_size(integer) IS
	'A page size, 1 to interactions.max_page_size, null being all; otherwise 22023';

CREATE FUNCTION interactions.checked_batch_size(elements integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'checked_batch_size' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION interactions.checked_batch_size(integer) IS
	'How many elements a batch has, at most interactions.max_batch_elements; otherwise 22023';

CREATE FUNCTION interactions.checked_id(property text, id text) RETURNS text
	AS 'MODULE_PATHNAME', 'checked_id' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION interactions.checked_id(text, text) IS
	'An id of 1 to 512 bytes; otherwise 22023, and null 23502';

CREATE FUNCTION interactions.checked_ids(property text, ids text[], fewest integer, most integer) RETURNS text[]
	AS 'MODULE_PATHNAME', 'checked_ids' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION interactions.checked_ids(text, text[], integer, integer) IS
	'An array of fewest to most ids; otherwise 22023, or 23502 where one is null';

CREATE FUNCTION interactions.timestamp_from_ms(property text, ms text) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'timestamp_from_property' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION interactions.timestamp_from_ms(text, text) IS
	'Timestamp of a property that is a number of milliseconds since 1970-01-01 UTC; otherwise 22023, no number 22P02, null 23502';

CREATE FUNCTION interactions.warn_of_seconds(count bigint, in_header boolean) RETURNS text
	AS 'MODULE_PATHNAME', 'warn_of_seconds' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.warn_of_seconds(bigint, boolean) IS
	'Warn that so many timestamps look like seconds, over HTTP, too, where in_header; gives back what it says';

CREATE FUNCTION interactions.read_object(body json, noun text, properties text[]) RETURNS json
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	property text;
	given bigint;
BEGIN
	IF body IS NULL OR json_typeof(body) <> 'object' THEN
		RAISE '% must be an object, not %', noun, CASE json_typeof(body) WHEN 'array' THEN 'an array' ELSE left(coalesce(body::text, 'null'), 64) END
			USING ERRCODE = '22023';
	END IF;
	FOR property, given IN SELECT name, count(*) FROM json_object_keys(body) AS name GROUP BY name ORDER BY name LOOP
		IF property <> ALL (properties) THEN
			RAISE '"%" is not a property of %', left(property, 64), noun
				USING ERRCODE = '22023', HINT = format('The properties are %s.', array_to_string(properties, ', '));
		ELSIF given > 1 THEN
			RAISE '"%" is given twice', property USING ERRCODE = '22023';
		END IF;
	END LOOP;
	RETURN json_strip_nulls(body);
END
$$;
COMMENT ON FUNCTION interactions.read_object(json, text, text[]) IS
	'An object that has none but the properties given, each once, without those that are null; otherwise 22023';

CREATE FUNCTION interactions.read_id(property text, value json) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF json_typeof(value) = 'string' OR json_typeof(value) = 'number' AND value::text ~ '^-?[0-9]+$' THEN
		RETURN interactions.checked_id(property, value #>> '{}');
	ELSIF coalesce(json_typeof(value), 'null') = 'null' THEN
		RETURN interactions.checked_id(property, NULL);
	END IF;
	RAISE '"%" must be a string or an integer, not %', property, left(value::text, 64) USING ERRCODE = '22023';
END
$$;
COMMENT ON FUNCTION interactions.read_id(text, json) IS
	'The id that a property holds, a string or an integer; otherwise 22023, null 23502';

CREATE FUNCTION interactions.read_ids(property text, value json, fewest integer, most integer) RETURNS text[]
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF json_typeof(value) <> 'array' THEN
		RAISE '"%" must be an array of ids, not %', property, left(value::text, 64) USING ERRCODE = '22023';
	END IF;
	RETURN interactions.checked_ids(property, ARRAY(SELECT interactions.read_id(property, element)
		FROM json_array_elements(value) WITH ORDINALITY AS elements (element, position) ORDER BY position), fewest, most);
END
$$;
COMMENT ON FUNCTION interactions.read_ids(text, json, integer, integer) IS
	'The ids that a property holds, an array of fewest to most; otherwise 22023, null 23502';

CREATE FUNCTION interactions.read_integer(property text, value json) RETURNS bigint
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given CONSTANT text := to_jsonb(value) #>> '{}';
BEGIN
	IF given !~ '^\s*[+-]?\d{1,18}\s*$' THEN
		RAISE '"%" must be an integer, not %', property, left(value::text, 64) USING ERRCODE = '22P02';
	END IF;
	RETURN given;
END
$$;
COMMENT ON FUNCTION interactions.read_integer(text, json) IS
	'The integer of up to 18 digits that a property holds, a number or a string, null where it is null; otherwise 22P02';

-- together, and popular

CREATE PROCEDURE interactions.refresh_items(interaction_type text DEFAULT 'purchases', basket_gap interval DEFAULT '30 minutes',
	period interval DEFAULT '90 days', max_basket_items integer DEFAULT 100, items_kept integer DEFAULT 50, half_life interval DEFAULT '7 days')
	AS 'MODULE_PATHNAME', 'refresh_items' LANGUAGE C;
COMMENT ON PROCEDURE interactions.refresh_items(text, interval, interval, integer, integer, interval) IS
	'Count anew which items of a type go together and which are popular, in the interactions of a period (null: all) that the caller sees, and replace what interactions.item_pairs and interactions.item_popularity say of it';

CREATE FUNCTION interactions.log_likelihood_ratio(baskets bigint, item_baskets bigint, other_baskets bigint, total_baskets bigint) RETURNS double precision
	AS 'MODULE_PATHNAME', 'log_likelihood_ratio' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION interactions.log_likelihood_ratio(bigint, bigint, bigint, bigint) IS
	'Dunning''s ratio of two items, of the baskets that hold both, one, the other, and of all';

CREATE FUNCTION interactions.pair_score(score text, baskets bigint, item_baskets bigint, other_baskets bigint, total_baskets bigint) RETURNS double precision
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE score
		WHEN 'llr' THEN interactions.log_likelihood_ratio(baskets, item_baskets, other_baskets, total_baskets)
		WHEN 'count' THEN baskets::double precision
		WHEN 'support' THEN baskets::double precision / total_baskets
		WHEN 'confidence' THEN baskets::double precision / item_baskets
		WHEN 'lift' THEN baskets::double precision * total_baskets / (item_baskets::double precision * other_baskets)
		WHEN 'cosine' THEN baskets / sqrt(item_baskets::double precision * other_baskets)
		WHEN 'jaccard' THEN baskets::double precision / (item_baskets + other_baskets - baskets)
	END;
COMMENT ON FUNCTION interactions.pair_score(text, bigint, bigint, bigint, bigint) IS
	'A score of two items, of the baskets that hold both, one, the other, and of all';

CREATE FUNCTION interactions.checked_score(score text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
	IF score OPERATOR(pg_catalog.=) ANY ('{llr,count,confidence,lift,cosine,jaccard}'::pg_catalog.text[]) THEN
		RETURN score;
	END IF;
	RAISE '"score" must be llr, count, confidence, lift, cosine or jaccard, not "%"', pg_catalog.left(score, 64) USING ERRCODE = '22023';
END
$$;
COMMENT ON FUNCTION interactions.checked_score(text) IS
	'The name of a score by which lists can be sorted; anything else is 22023';

CREATE TYPE interactions_v1.together_item AS (
	item_id text COLLATE "C",
	baskets bigint,
	users bigint,
	item_baskets bigint,
	other_baskets bigint,
	total_baskets bigint,
	support double precision,
	confidence double precision,
	lift double precision,
	llr double precision,
	cosine double precision,
	jaccard double precision
);
COMMENT ON TYPE interactions_v1.together_item IS
	'An item that goes together with a given one: the baskets and users that have both, the baskets of the given one, of this one, and all; and scores';

CREATE FUNCTION interactions_v1.list_together_items(item_id text, interaction_type text DEFAULT 'purchases', page_size integer DEFAULT 10,
	score text DEFAULT 'llr', min_baskets integer DEFAULT 2, min_users integer DEFAULT 2) RETURNS SETOF interactions_v1.together_item
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$
#variable_conflict use_column
<<this>> -- a column that somebody adds may have the name of a variable
DECLARE
	pairs CONSTANT pg_catalog.regclass := interactions.required_table('item_pairs');
	type CONSTANT pg_catalog.text COLLATE pg_catalog."C" := interactions.checked_type(coalesce(interaction_type, 'purchases'));
	item CONSTANT pg_catalog.text COLLATE pg_catalog."C" := interactions.checked_id('item_id', item_id);
	most CONSTANT integer := interactions.checked_page_size(page_size);
	best_by CONSTANT pg_catalog.text := interactions.checked_score(coalesce(score, 'llr'));
BEGIN
	RETURN QUERY
	SELECT other_item_id, baskets, users, item_baskets, other_baskets, total_baskets,
		interactions.pair_score('support', baskets, item_baskets, other_baskets, total_baskets),
		interactions.pair_score('confidence', baskets, item_baskets, other_baskets, total_baskets),
		interactions.pair_score('lift', baskets, item_baskets, other_baskets, total_baskets),
		interactions.pair_score('llr', baskets, item_baskets, other_baskets, total_baskets),
		interactions.pair_score('cosine', baskets, item_baskets, other_baskets, total_baskets),
		interactions.pair_score('jaccard', baskets, item_baskets, other_baskets, total_baskets)
	FROM (
		SELECT * FROM interactions.item_pairs
		WHERE interaction_type OPERATOR(pg_catalog.=) this.type AND item_id OPERATOR(pg_catalog.=) this.item
			AND baskets OPERATOR(pg_catalog.>=) coalesce(list_together_items.min_baskets, 2) AND users OPERATOR(pg_catalog.>=) coalesce(list_together_items.min_users, 2)
		ORDER BY interactions.pair_score(this.best_by, baskets, item_baskets, other_baskets, total_baskets) DESC, other_item_id
		LIMIT this.most
	) AS best;
END
$$;
COMMENT ON FUNCTION interactions_v1.list_together_items(text, text, integer, text, integer, integer) IS
	'Items that go together with one, best first by score (llr, count, confidence, lift, cosine, jaccard), as the last interactions.refresh_items counted them; those in fewer baskets or of fewer users are left out';

CREATE TYPE interactions_v1.cart_item AS (
	item_id text COLLATE "C",
	items bigint,
	score double precision
);
COMMENT ON TYPE interactions_v1.cart_item IS
	'An item that goes together with those of a cart: with how many of them, and the sum of the scores';

CREATE FUNCTION interactions.list_together(item_ids text[], interaction_type text, page_size integer, score text, min_baskets integer, min_users integer)
	RETURNS SETOF interactions_v1.cart_item
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$
#variable_conflict use_column
<<this>> -- a column that somebody adds may have the name of a variable
DECLARE
	pairs CONSTANT pg_catalog.regclass := interactions.required_table('item_pairs');
	type CONSTANT pg_catalog.text COLLATE pg_catalog."C" := interactions.checked_type(interaction_type);
	cart CONSTANT pg_catalog.text[] COLLATE pg_catalog."C" := item_ids;
	most CONSTANT integer := interactions.checked_page_size(page_size);
	best_by CONSTANT pg_catalog.text := interactions.checked_score(score);
BEGIN
	RETURN QUERY
	SELECT other_item_id, pg_catalog.count(*),
		pg_catalog.sum(interactions.pair_score(this.best_by, baskets, item_baskets, other_baskets, total_baskets)) AS total
	FROM interactions.item_pairs
	WHERE interaction_type OPERATOR(pg_catalog.=) this.type AND item_id OPERATOR(pg_catalog.=) ANY (this.cart) AND other_item_id OPERATOR(pg_catalog.<>) ALL (this.cart)
		AND baskets OPERATOR(pg_catalog.>=) list_together.min_baskets AND users OPERATOR(pg_catalog.>=) list_together.min_users
	GROUP BY other_item_id
	ORDER BY total DESC, other_item_id
	LIMIT this.most;
END
$$;
COMMENT ON FUNCTION interactions.list_together(text[], text, integer, text, integer, integer) IS
	'Items that go together with several, without these, best first by the sum of a score';

CREATE FUNCTION interactions.read_cart(body json, OUT item_ids text[], OUT interaction_type text, OUT page_size integer, OUT score text,
	OUT min_baskets integer, OUT min_users integer)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given CONSTANT json := interactions.read_object(body, 'a cart', '{item_ids,interaction_type,page_size,score,min_baskets,min_users}');
BEGIN
	IF given -> 'item_ids' IS NULL THEN
		RAISE '"item_ids" must not be null' USING ERRCODE = '23502';
	END IF;
	item_ids := interactions.read_ids('item_ids', given -> 'item_ids', 1, 50);
	interaction_type := coalesce(given ->> 'interaction_type', 'purchases');
	page_size := coalesce(interactions.read_integer('page_size', given -> 'page_size'), 10);
	score := coalesce(given ->> 'score', 'llr');
	min_baskets := coalesce(interactions.read_integer('min_baskets', given -> 'min_baskets'), 2);
	min_users := coalesce(interactions.read_integer('min_users', given -> 'min_users'), 2);
END
$$;
COMMENT ON FUNCTION interactions.read_cart(json) IS
	'What is asked for by a cart, an object; what it leaves out is the default';

CREATE FUNCTION interactions_v1.list_cart_together_items(json) RETURNS SETOF interactions_v1.cart_item
	LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT listed.* FROM interactions.read_cart($1) AS cart,
		interactions.list_together(cart.item_ids, cart.interaction_type, cart.page_size, cart.score, cart.min_baskets, cart.min_users) AS listed;
END;
COMMENT ON FUNCTION interactions_v1.list_cart_together_items(json) IS
	'Items that go together with those of a cart, an object: {"item_ids": [1 to 50 ids], "interaction_type", "page_size", "score", "min_baskets", "min_users"}; best first by the sum of the scores, without the cart''s own';

CREATE FUNCTION interactions_v1.list_bought_together_items(VARIADIC ids text[]) RETURNS SETOF interactions_v1.cart_item
	LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT * FROM interactions.list_together(interactions.checked_ids('ids', coalesce(ids, '{}'), 1, 50), 'purchases', 4, 'llr', 2, 2);
END;
COMMENT ON FUNCTION interactions_v1.list_bought_together_items(text[]) IS
	'The four items that are bought together with the given ones, 1 to 50, best first by the sum of their log-likelihood ratios';

CREATE TYPE interactions_v1.popular_item AS (
	item_id text COLLATE "C",
	interactions bigint,
	users bigint,
	score double precision
);
COMMENT ON TYPE interactions_v1.popular_item IS
	'A popular item: its interactions and users, and the sum of its interactions, of which one as old as the half-life counts half';

CREATE FUNCTION interactions_v1.list_popular_items(interaction_type text DEFAULT 'purchases', page_size integer DEFAULT 10)
	RETURNS SETOF interactions_v1.popular_item
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$
#variable_conflict use_column
<<this>> -- a column that somebody adds may have the name of a variable
DECLARE
	popularity CONSTANT pg_catalog.regclass := interactions.required_table('item_popularity');
	type CONSTANT pg_catalog.text COLLATE pg_catalog."C" := interactions.checked_type(coalesce(interaction_type, 'purchases'));
	most CONSTANT integer := interactions.checked_page_size(page_size);
BEGIN
	RETURN QUERY SELECT item_id, interactions, users, score FROM interactions.item_popularity
	WHERE interaction_type OPERATOR(pg_catalog.=) this.type ORDER BY score DESC, item_id LIMIT this.most;
END
$$;
COMMENT ON FUNCTION interactions_v1.list_popular_items(text, integer) IS
	'The most popular items of a type, best first, as the last interactions.refresh_items counted them';

-- what recommendations brought

CREATE TYPE interactions_v1.recommendation AS (
	recommendation_id text COLLATE "C",
	user_id text COLLATE "C",
	scenario text COLLATE "C",
	item_ids text[] COLLATE "C",
	"timestamp" bigint
);
COMMENT ON TYPE interactions_v1.recommendation IS
	'What was shown to whom, in wire format, its timestamp in ms since 1970-01-01 UTC';

CREATE FUNCTION interactions.check_recommendation() RETURNS trigger
	AS 'MODULE_PATHNAME', 'check_recommendation' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.check_recommendation() IS
	'BEFORE INSERT OR UPDATE trigger of interactions.recommendations: holds the rules, completes timestamp';

CREATE FUNCTION interactions.read_recommendation(body json) RETURNS interactions_v1.recommendation
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given CONSTANT json := interactions.read_object(body, 'a recommendation', '{recommendation_id,user_id,scenario,item_ids,timestamp}');
	result interactions_v1.recommendation;
BEGIN
	result.recommendation_id := interactions.read_id('recommendation_id', given -> 'recommendation_id');
	IF given -> 'user_id' IS NOT NULL THEN
		result.user_id := interactions.read_id('user_id', given -> 'user_id');
	END IF;
	IF given -> 'scenario' IS NOT NULL THEN
		result.scenario := interactions.read_id('scenario', given -> 'scenario');
	END IF;
	IF given -> 'item_ids' IS NOT NULL THEN
		result.item_ids := interactions.read_ids('item_ids', given -> 'item_ids', 0, 1000);
	END IF;
	IF json_typeof(given -> 'timestamp') NOT IN ('number', 'string') THEN
		RAISE '"timestamp" must be a number of milliseconds between 0 and 253402300799999, not %', left(given ->> 'timestamp', 64) USING ERRCODE = '22023';
	ELSIF given -> 'timestamp' IS NOT NULL THEN
		result."timestamp" := interactions.timestamp_to_ms(interactions.timestamp_from_ms(given ->> 'timestamp'));
	END IF;
	RETURN result;
END
$$;
COMMENT ON FUNCTION interactions.read_recommendation(json) IS
	'A recommendation, as an object, held to the rules';

CREATE FUNCTION interactions.read_recommendations(body json) RETURNS interactions_v1.recommendation[]
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	element json;
	place bigint;
	given interactions_v1.recommendation[] := '{}';
	code text;
	detail text;
	hint text;
	errors text[] := '{}';
	other text;
BEGIN
	IF body IS NULL OR json_typeof(body) <> 'array' THEN
		RAISE 'the body must be an array of recommendations, not %', CASE json_typeof(body) WHEN 'object' THEN 'an object' ELSE left(coalesce(body::text, 'null'), 64) END
			USING ERRCODE = '22023';
	END IF;
	PERFORM interactions.checked_batch_size(json_array_length(body));
	FOR element, place IN SELECT value, ordinality - 1 FROM json_array_elements(body) WITH ORDINALITY LOOP
		BEGIN
			given := given || interactions.read_recommendation(element);
		EXCEPTION WHEN data_exception OR not_null_violation OR feature_not_supported THEN
			GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
			code := coalesce(code, SQLSTATE);
			errors := errors || format('element %s: %s', place, concat_ws('. ', SQLERRM, nullif(rtrim(detail, '.'), ''), nullif(hint, '')));
		END;
	END LOOP;
	IF code IS NOT NULL THEN
		RAISE '% of % elements % invalid', cardinality(errors), json_array_length(body), CASE cardinality(errors) WHEN 1 THEN 'is' ELSE 'are' END
			USING ERRCODE = code, DETAIL = array_to_string(errors[:10], E'\n'), HINT = 'Nothing was stored.';
	END IF;
	-- a time that is not given is any
	SELECT recommendation_id INTO other FROM unnest(given)
	GROUP BY recommendation_id HAVING count(DISTINCT (user_id, scenario, item_ids)) > 1 OR count(DISTINCT "timestamp") > 1 LIMIT 1;
	IF FOUND THEN
		RAISE 'recommendation "%" is given with other values, too', left(other, 64) USING ERRCODE = '23505';
	END IF;
	RETURN given;
END
$$;
COMMENT ON FUNCTION interactions.read_recommendations(json) IS
	'Recommendations, as an array, held to the rules; the same id with other values is 23505';

-- with the search_path of who calls, which triggers and policies of somebody's may rely on
CREATE FUNCTION interactions.store_recommendations(given interactions_v1.recommendation[]) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
<<this>>
DECLARE
	recommendations CONSTANT pg_catalog.regclass := interactions.required_table('recommendations');
	stored pg_catalog.text[] COLLATE pg_catalog."C";
	other pg_catalog.text;
	unclear boolean := false;
BEGIN
	BEGIN
		WITH inserted AS (
			INSERT INTO interactions.recommendations (recommendation_id, user_id, scenario, item_ids, "timestamp")
			SELECT DISTINCT ON (recommendation_id) recommendation_id, user_id, scenario, item_ids, interactions.timestamp_from_ms("timestamp"::pg_catalog.text)
			FROM pg_catalog.unnest(given) ORDER BY recommendation_id, "timestamp"
			ON CONFLICT (recommendation_id) DO NOTHING RETURNING recommendation_id)
		SELECT coalesce(pg_catalog.array_agg(recommendation_id), '{}') INTO stored FROM inserted;
		unclear := pg_catalog.cardinality(stored) OPERATOR(pg_catalog.<>) pg_catalog.cardinality(given) AND EXISTS (
			SELECT recommendation_id FROM pg_catalog.unnest(given) EXCEPT SELECT known.recommendation_id
			FROM pg_catalog.unnest(given) AS one JOIN interactions.recommendations AS known ON known.recommendation_id OPERATOR(pg_catalog.=) one.recommendation_id);
		IF unclear THEN
			RAISE no_data_found;
		END IF;
	EXCEPTION WHEN no_data_found THEN
		IF NOT unclear THEN
			RAISE;
		END IF;
	END;
	-- what was not stored and is not there was deleted meanwhile, is hidden by a policy, or was skipped by a trigger, which
	-- may do something instead: so that has not happened, and what is not there is new, or a unique violation
	IF unclear THEN
		WITH inserted AS (
			INSERT INTO interactions.recommendations (recommendation_id, user_id, scenario, item_ids, "timestamp")
			SELECT DISTINCT ON (recommendation_id) recommendation_id, user_id, scenario, item_ids, interactions.timestamp_from_ms("timestamp"::pg_catalog.text)
			FROM pg_catalog.unnest(given) AS one
			WHERE NOT EXISTS (SELECT FROM interactions.recommendations AS known WHERE known.recommendation_id OPERATOR(pg_catalog.=) one.recommendation_id)
			ORDER BY recommendation_id, "timestamp" RETURNING recommendation_id)
		SELECT coalesce(pg_catalog.array_agg(recommendation_id), '{}') INTO stored FROM inserted;
	END IF;
	-- it is what interactions bear
	IF EXISTS (SELECT pg_catalog.unnest(stored) EXCEPT SELECT recommendation_id FROM pg_catalog.unnest(given)) THEN
		RAISE 'a trigger must not change the id of a recommendation' USING ERRCODE = '27000';
	ELSIF pg_catalog.cardinality(stored) OPERATOR(pg_catalog.=) pg_catalog.cardinality(given) THEN
		RETURN pg_catalog.cardinality(stored);
	END IF;
	-- what was there already has to be what is given; EXCEPT compares without a look at the search_path
	SELECT one.recommendation_id INTO other FROM pg_catalog.unnest(given) AS one
	JOIN interactions.recommendations AS known ON known.recommendation_id OPERATOR(pg_catalog.=) one.recommendation_id
	WHERE NOT one.recommendation_id OPERATOR(pg_catalog.=) ANY (SELECT pg_catalog.unnest(this.stored)) AND EXISTS (
		SELECT one.user_id, one.scenario, one.item_ids, coalesce(interactions.timestamp_from_ms(one."timestamp"::pg_catalog.text), known."timestamp")
		EXCEPT SELECT known.user_id, known.scenario, known.item_ids, known."timestamp")
	LIMIT 1;
	IF FOUND THEN
		RAISE 'recommendation "%" is stored with other values', pg_catalog.left(other, 64) USING ERRCODE = '23505';
	END IF;
	RETURN pg_catalog.cardinality(stored);
END
$$;
COMMENT ON FUNCTION interactions.store_recommendations(interactions_v1.recommendation[]) IS
	'Store recommendations, and tell how many were not there; one that is there with other values is 23505';

CREATE FUNCTION interactions.insert_recommendation() RETURNS trigger
	LANGUAGE plpgsql AS $$
BEGIN
	PERFORM interactions.store_recommendations(ARRAY[ROW(NEW.recommendation_id, NEW.user_id, NEW.scenario, NEW.item_ids, NEW."timestamp")::interactions_v1.recommendation]);
	IF NEW."timestamp" OPERATOR(pg_catalog.<) 100000000000 THEN
		PERFORM interactions.warn_of_seconds(1, false);
	END IF;
	-- RETURNING shows what is stored; a row that a trigger skipped is none
	SELECT * INTO NEW FROM interactions_v1.recommendations AS stored WHERE stored.recommendation_id OPERATOR(pg_catalog.=) NEW.recommendation_id;
	RETURN CASE WHEN FOUND THEN NEW END;
END
$$;
COMMENT ON FUNCTION interactions.insert_recommendation() IS
	'INSTEAD OF INSERT trigger of interactions_v1.recommendations: store the row, unless it is stored already; gives back what is stored';

CREATE FUNCTION interactions_v1.create_recommendation(json) RETURNS interactions_v1.recommendation
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE AS $$
DECLARE
	given CONSTANT interactions_v1.recommendation := interactions.read_recommendation($1);
	created CONSTANT bigint := interactions.store_recommendations(ARRAY[given]);
	result interactions_v1.recommendation;
BEGIN
	PERFORM pg_catalog.set_config('response.status', CASE WHEN created OPERATOR(pg_catalog.=) 1 THEN '201' ELSE '200' END, true);
	IF given."timestamp" OPERATOR(pg_catalog.<) 100000000000 THEN
		PERFORM interactions.warn_of_seconds(1, true);
	END IF;
	SELECT recommendation_id, user_id, scenario, item_ids, interactions.timestamp_to_ms("timestamp") INTO result
	FROM interactions.recommendations WHERE recommendation_id OPERATOR(pg_catalog.=) given.recommendation_id;
	RETURN CASE WHEN FOUND THEN result END;
END
$$;
COMMENT ON FUNCTION interactions_v1.create_recommendation(json) IS
	'Store what was shown to whom, an object; gives back what is stored, null where a trigger skipped it, and sets response.status: 201, or 200 where it was stored already; the same id with other values is 23505';

CREATE FUNCTION interactions.tell_recommendations(given interactions_v1.recommendation[], created bigint) RETURNS json
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	seconds CONSTANT bigint := (SELECT count(*) FROM unnest(given) WHERE "timestamp" < 100000000000);
BEGIN
	PERFORM set_config('response.status', '201', true);
	RETURN format('{"created": %s, "duplicates": %s%s}', created, cardinality(given) - created, CASE WHEN seconds > 0 THEN
		format(', "warnings": [{"code": "01000", "message": %s}]', to_json(interactions.warn_of_seconds(seconds, false))) END);
END
$$;
COMMENT ON FUNCTION interactions.tell_recommendations(interactions_v1.recommendation[], bigint) IS
	'The answer to a batch of recommendations of which so many were created';

CREATE FUNCTION interactions_v1.create_recommendations(json) RETURNS json
	LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT interactions.tell_recommendations(given, interactions.store_recommendations(given)) FROM interactions.read_recommendations($1) AS given;
END;
COMMENT ON FUNCTION interactions_v1.create_recommendations(json) IS
	'Store an array of recommendations, all or nothing: {"created", "duplicates"}; sets response.status: 201';

CREATE TYPE interactions_v1.recommendation_result AS (
	recommendation_id text COLLATE "C",
	user_id text COLLATE "C",
	scenario text COLLATE "C",
	item_ids text[] COLLATE "C",
	"timestamp" bigint,
	bookmarks bigint,
	ratings bigint,
	purchases bigint,
	cart_additions bigint,
	views bigint,
	revenue numeric,
	purchases_without_price bigint,
	ms_to_first_view bigint,
	ms_to_first_purchase bigint
);
COMMENT ON TYPE interactions_v1.recommendation_result IS
	'What was shown to whom, and what came of it: interactions that bear its id by type, revenue, and how long it took';

CREATE FUNCTION interactions_v1.get_recommendation(recommendation_id text) RETURNS interactions_v1.recommendation_result
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$
#variable_conflict use_column
<<this>> -- a column that somebody adds may have the name of a variable
DECLARE
	recommendations CONSTANT pg_catalog.regclass := interactions.required_table('recommendations');
	id CONSTANT pg_catalog.text COLLATE pg_catalog."C" := interactions.checked_id('recommendation_id', recommendation_id);
	shown pg_catalog.record;
	result interactions_v1.recommendation_result;
BEGIN
	SELECT * INTO shown FROM interactions.recommendations WHERE recommendation_id OPERATOR(pg_catalog.=) this.id;
	IF NOT FOUND THEN
		RAISE 'recommendation does not exist' USING ERRCODE = 'PT404',
			DETAIL = pg_catalog.format('No recommendation with the id "%s" was recorded.', pg_catalog.left(id, 64));
	END IF;
	SELECT shown.recommendation_id, shown.user_id, shown.scenario, shown.item_ids, interactions.timestamp_to_ms(shown."timestamp"),
		(SELECT pg_catalog.count(*) FROM interactions.bookmarks WHERE recommendation_id OPERATOR(pg_catalog.=) this.id),
		(SELECT pg_catalog.count(*) FROM interactions.ratings WHERE recommendation_id OPERATOR(pg_catalog.=) this.id),
		bought.purchases, (SELECT pg_catalog.count(*) FROM interactions.cart_additions WHERE recommendation_id OPERATOR(pg_catalog.=) this.id), viewed.views,
		bought.revenue, bought.without_price, interactions.timestamp_to_ms(viewed.first) OPERATOR(pg_catalog.-) interactions.timestamp_to_ms(shown."timestamp"),
		interactions.timestamp_to_ms(bought.first) OPERATOR(pg_catalog.-) interactions.timestamp_to_ms(shown."timestamp")
	INTO result
	FROM (SELECT pg_catalog.count(*), pg_catalog.min("timestamp") FILTER (WHERE "timestamp" OPERATOR(pg_catalog.>=) shown."timestamp")
		FROM interactions.views WHERE recommendation_id OPERATOR(pg_catalog.=) this.id) AS viewed (views, first)
	CROSS JOIN (SELECT pg_catalog.count(*), pg_catalog.min("timestamp") FILTER (WHERE "timestamp" OPERATOR(pg_catalog.>=) shown."timestamp"),
		coalesce(pg_catalog.sum(price OPERATOR(pg_catalog.*) coalesce(amount, 1)), 0), pg_catalog.count(*) OPERATOR(pg_catalog.-) pg_catalog.count(price)
		FROM interactions.purchases WHERE recommendation_id OPERATOR(pg_catalog.=) this.id) AS bought (purchases, first, revenue, without_price);
	RETURN result;
END
$$;
COMMENT ON FUNCTION interactions_v1.get_recommendation(text) IS
	'What was shown to whom, and what came of it; one that was never recorded is PT404';

CREATE TYPE interactions_v1.recommendation_metrics AS (
	day date,
	scenario text COLLATE "C",
	recommendations bigint,
	clicked bigint,
	added bigint,
	purchased bigint,
	click_rate double precision,
	add_rate double precision,
	conversion_rate double precision,
	purchases bigint,
	revenue numeric,
	purchases_without_price bigint,
	complete boolean
);
COMMENT ON TYPE interactions_v1.recommendation_metrics IS
	'What a group of recommendations brought; day and scenario are null where they are not grouped by, or where the ids were never recorded';

CREATE FUNCTION interactions.read_metrics(from_timestamp text, to_timestamp text, group_by text, time_zone text, conversion_ms text,
	OUT first timestamptz, OUT last timestamptz, OUT conversion interval, OUT last_use timestamptz, OUT by_day boolean, OUT by_scenario boolean, OUT zone text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	first := interactions.timestamp_from_ms('from_timestamp', from_timestamp);
	last := interactions.timestamp_from_ms('to_timestamp', to_timestamp);
	-- as microseconds, so that it is no calendar's
	conversion := make_interval(secs => extract(epoch FROM interactions.timestamp_from_ms('conversion_ms', coalesce(conversion_ms, '604800000')))::double precision);
	last_use := last + conversion;
	by_day := coalesce(group_by, 'day') IN ('day', 'day,scenario');
	by_scenario := coalesce(group_by, 'day') IN ('scenario', 'day,scenario');
	zone := coalesce(time_zone, 'UTC');
	IF NOT by_day AND NOT by_scenario THEN
		RAISE '"group_by" must be day, scenario, or day,scenario, not "%"', left(group_by, 64) USING ERRCODE = '22023';
	ELSIF first >= last THEN
		RAISE '"from_timestamp" must be before "to_timestamp"' USING ERRCODE = '22023';
	ELSIF last - first > '400 days' THEN
		RAISE 'metrics are of 400 days at most' USING ERRCODE = '22023', HINT = 'Ask for them in parts.';
	END IF;
	PERFORM first AT TIME ZONE zone; -- which has to exist, also where there is nothing to tell
END
$$;
COMMENT ON FUNCTION interactions.read_metrics(text, text, text, text, text) IS
	'The arguments of list_recommendation_metrics, held to the rules; last_use is until when interactions may count';

CREATE FUNCTION interactions.rate(part bigint, whole bigint) RETURNS double precision
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN part::double precision / nullif(whole, 0);
COMMENT ON FUNCTION interactions.rate(bigint, bigint) IS
	'The part that some are of all; null where there are none';

CREATE FUNCTION interactions_v1.list_recommendation_metrics(from_timestamp text, to_timestamp text, group_by text DEFAULT 'day',
	time_zone text DEFAULT 'UTC', conversion_ms text DEFAULT '604800000') RETURNS SETOF interactions_v1.recommendation_metrics
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 400 SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column -- one that somebody adds may have the name of a variable
DECLARE
	recommendations CONSTANT pg_catalog.regclass := interactions.required_table('recommendations');
	asked CONSTANT pg_catalog.record := interactions.read_metrics(from_timestamp, to_timestamp, group_by, time_zone, conversion_ms);
BEGIN
	RETURN QUERY
	WITH used AS (
		-- of each id that was shown in these days, or of one used in them that was never shown, what came of it
		SELECT bearing.recommendation_id, pg_catalog.bool_or(clicked) AS clicked, pg_catalog.bool_or(added) AS added,
			pg_catalog.count(*) FILTER (WHERE bought) AS purchases, pg_catalog.sum(price OPERATOR(pg_catalog.*) coalesce(amount, 1)) AS revenue,
			pg_catalog.count(*) FILTER (WHERE bought AND price IS NULL) AS without_price
		FROM (
			SELECT recommendation_id, "timestamp", true AS clicked, false AS added, false AS bought, NULL::numeric AS price, NULL::integer AS amount FROM interactions.views
			WHERE recommendation_id IS NOT NULL AND "timestamp" OPERATOR(pg_catalog.>=) asked.first AND "timestamp" OPERATOR(pg_catalog.<) asked.last_use
			UNION ALL
			SELECT recommendation_id, "timestamp", false, true, false, NULL, NULL FROM interactions.cart_additions
			WHERE recommendation_id IS NOT NULL AND "timestamp" OPERATOR(pg_catalog.>=) asked.first AND "timestamp" OPERATOR(pg_catalog.<) asked.last_use
			UNION ALL
			SELECT recommendation_id, "timestamp", false, false, true, price, amount FROM interactions.purchases
			WHERE recommendation_id IS NOT NULL AND "timestamp" OPERATOR(pg_catalog.>=) asked.first AND "timestamp" OPERATOR(pg_catalog.<) asked.last_use
		) AS bearing LEFT JOIN (SELECT recommendation_id, "timestamp" AS shown FROM interactions.recommendations) AS known
			ON known.recommendation_id OPERATOR(pg_catalog.=) bearing.recommendation_id
		WHERE CASE WHEN shown IS NULL THEN "timestamp" OPERATOR(pg_catalog.<) asked.last
			ELSE shown OPERATOR(pg_catalog.>=) asked.first AND shown OPERATOR(pg_catalog.<) asked.last AND "timestamp" OPERATOR(pg_catalog.>=) shown AND "timestamp" OPERATOR(pg_catalog.<) (shown OPERATOR(pg_catalog.+) asked.conversion) END
		GROUP BY bearing.recommendation_id
	), counted AS (
		SELECT CASE WHEN asked.by_day THEN (shown."timestamp" AT TIME ZONE asked.zone)::pg_catalog.date END AS day, CASE WHEN asked.by_scenario THEN shown.scenario END AS scenario,
			pg_catalog.count(shown."timestamp") AS shown, pg_catalog.count(*) FILTER (WHERE clicked) AS clicked, pg_catalog.count(*) FILTER (WHERE added) AS added,
			pg_catalog.count(*) FILTER (WHERE purchases OPERATOR(pg_catalog.>) 0) AS purchased, coalesce(pg_catalog.sum(purchases), 0)::bigint AS purchases,
			coalesce(pg_catalog.sum(revenue), 0) AS revenue, coalesce(pg_catalog.sum(without_price), 0)::bigint AS without_price, pg_catalog.max(shown."timestamp") AS newest
		FROM (SELECT recommendation_id, scenario, "timestamp" FROM interactions.recommendations WHERE "timestamp" OPERATOR(pg_catalog.>=) asked.first AND "timestamp" OPERATOR(pg_catalog.<) asked.last) AS shown
		FULL JOIN used ON used.recommendation_id OPERATOR(pg_catalog.=) shown.recommendation_id
		GROUP BY shown."timestamp" IS NULL, 1, 2
	)
	SELECT day, scenario, shown, clicked, added, purchased, interactions.rate(clicked, shown), interactions.rate(added, shown), interactions.rate(purchased, shown),
		purchases, revenue, without_price, (newest OPERATOR(pg_catalog.+) asked.conversion) OPERATOR(pg_catalog.<=) pg_catalog.now()
	FROM counted ORDER BY shown OPERATOR(pg_catalog.=) 0, day, scenario NULLS FIRST;
END
$$;
COMMENT ON FUNCTION interactions_v1.list_recommendation_metrics(text, text, text, text, text) IS
	'What the recommendations brought that were shown in a range of time, up to 400 days, a row a day, scenario, or both; interactions count from when it was shown until conversion_ms after; ids that were never recorded are one row with a null group';
