/* What the extension is measured against: what a good engineer would write for purchases without it. */

CREATE TABLE bench.bare (
	user_id text COLLATE "C" NOT NULL,
	item_id text COLLATE "C" NOT NULL,
	"timestamp" timestamptz NOT NULL DEFAULT now(),
	recommendation_id text COLLATE "C",
	price numeric,
	amount integer,
	PRIMARY KEY (user_id, "timestamp", item_id)
);
CREATE INDEX ON bench.bare (item_id, "timestamp");

CREATE TABLE bench.naive (
	id bigserial PRIMARY KEY,
	user_id text NOT NULL,
	item_id text NOT NULL,
	"timestamp" timestamptz NOT NULL DEFAULT now(),
	recommendation_id text,
	price numeric,
	amount integer,
	UNIQUE (user_id, item_id, "timestamp") -- makes retries safe
);
CREATE INDEX ON bench.naive (user_id, "timestamp");
CREATE INDEX ON bench.naive (item_id, "timestamp");

/*
 * create_purchases in PL/pgSQL, into bare, and not made slow on purpose: an element is parsed once, its
 * checks are one block whose exceptions are collected, and the INSERT stays outside of that block, so
 * that no element costs a transaction id.
 */
CREATE FUNCTION bench.create_purchases(body json) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
	ids CONSTANT text[] := '{user_id, item_id, recommendation_id}';
	properties CONSTANT text[] := ids || '{timestamp, price, amount}';
	property text;
	given text;
	position bigint;
	element jsonb;
	given_twice boolean;
	ms numeric;
	amount numeric;
	purchase bench.bare;
	errors text[] := '{}';
	code text;
	created integer := 0;
	duplicates integer := 0;
BEGIN
	IF json_typeof(body) <> 'array' THEN
		RAISE 'body must be an array of objects, not of type %', json_typeof(body) USING ERRCODE = '22023';
	END IF;
	FOR position, element, given_twice IN
		SELECT ordinality - 1, value::jsonb, CASE json_typeof(value) WHEN 'object' THEN
			(SELECT count(*) FROM json_object_keys(value)) > (SELECT count(*) FROM jsonb_object_keys(value::jsonb)) END
		FROM json_array_elements(body) WITH ORDINALITY
	LOOP
		BEGIN
			IF jsonb_typeof(element) <> 'object' THEN
				RAISE 'must be an object, not of type %', jsonb_typeof(element) USING ERRCODE = '22023';
			END IF;
			IF element - properties <> '{}' THEN
				RAISE 'no such property: %', element - properties USING ERRCODE = '22023';
			END IF;
			IF given_twice THEN
				RAISE 'a property is given twice' USING ERRCODE = '22023';
			END IF;

			FOREACH property IN ARRAY ids LOOP
				given := element ->> property;
				IF octet_length(given) NOT BETWEEN 1 AND 512 THEN
					RAISE '"%" must have 1 to 512 bytes, not %', property, octet_length(given) USING ERRCODE = '22023';
				END IF;
				IF jsonb_typeof(element -> property) <> 'string' AND given !~ '^-?[0-9]+$' THEN
					RAISE '"%" must be a string or an integer, not %', property, given USING ERRCODE = '22023';
				END IF;
			END LOOP;
			purchase.user_id := element ->> 'user_id';
			purchase.item_id := element ->> 'item_id';
			purchase.recommendation_id := element ->> 'recommendation_id';
			IF purchase.user_id IS NULL THEN
				RAISE '"user_id" is required' USING ERRCODE = '23502';
			END IF;
			IF purchase.item_id IS NULL THEN
				RAISE '"item_id" is required' USING ERRCODE = '23502';
			END IF;

			ms := trunc((element ->> 'timestamp')::numeric);
			IF NOT ms BETWEEN 0 AND 253402300799999 THEN
				RAISE '"timestamp" must be between 0 and 253402300799999, not %', ms
					USING ERRCODE = '22023', HINT = 'Timestamps are milliseconds since 1970-01-01 UTC.';
			END IF;
			purchase."timestamp" := coalesce(to_timestamp(ms / 1000), date_trunc('milliseconds', now()));

			purchase.price := element ->> 'price';
			IF NOT (purchase.price >= 0 AND purchase.price < 'infinity') THEN
				RAISE '"price" must be 0 or more, not %', purchase.price USING ERRCODE = '22023';
			END IF;

			amount := element ->> 'amount';
			IF amount < 1 OR amount <> trunc(amount) THEN
				RAISE '"amount" must be an integer of 1 or more, not %', amount USING ERRCODE = '22023';
			END IF;
			purchase.amount := amount;
		EXCEPTION WHEN OTHERS THEN
			errors := errors || format('element %s: %s', position, SQLERRM);
			code := coalesce(code, SQLSTATE);
		END;
		CONTINUE WHEN code IS NOT NULL;

		INSERT INTO bench.bare VALUES (purchase.*) ON CONFLICT DO NOTHING;
		IF FOUND THEN
			created := created + 1;
		ELSE
			duplicates := duplicates + 1;
		END IF;
	END LOOP;
	IF code IS NOT NULL THEN
		RAISE '% of % elements are invalid', cardinality(errors), json_array_length(body)
			USING ERRCODE = code, DETAIL = array_to_string(errors[:10], E'\n');
	END IF;
	PERFORM set_config('response.status', '201', true);
	RETURN json_build_object('created', created, 'duplicates', duplicates);
END
$$;

-- A transfer that keeps the rows, in a function: as statements from the client it would take half as long again.
CREATE FUNCTION bench.transfer(from_user_id text, to_user_id text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	moved bigint;
BEGIN
	DELETE FROM bench.bare AS one USING bench.bare AS other
	WHERE one.user_id = from_user_id AND other.user_id = to_user_id
		AND other."timestamp" = one."timestamp" AND other.item_id = one.item_id;
	UPDATE bench.bare SET user_id = to_user_id WHERE user_id = from_user_id;
	GET DIAGNOSTICS moved = ROW_COUNT;
	RETURN moved;
END
$$;

-- Reads each page of both tables and of their indexes. A backend that has not met a page of shared
-- memory yet pays the kernel for it, and of a large table it has not met most.
CREATE PROCEDURE bench.touch() LANGUAGE sql SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
	SELECT count(*) FROM interactions.purchases WHERE user_id >= '';
	SELECT count(*) FROM interactions.purchases WHERE item_id >= '';
	SELECT count(price) FROM interactions.purchases;
	SELECT count(*) FROM bench.bare WHERE user_id >= '';
	SELECT count(*) FROM bench.bare WHERE item_id >= '';
	SELECT count(price) FROM bench.bare;
END;
