
-- Tables in shards, and what their users are changed by: a view of these cannot be updated.

-- our triggers are safe on shards: they come to their own row and no other
ALTER FUNCTION interactions.create_tables(boolean) SET citus.enable_unsafe_triggers = on;

-- Waits for another call, and finds then what that has distributed.
CREATE FUNCTION interactions.distribute_tables(shard_count integer DEFAULT NULL) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET citus.enable_unsafe_triggers = on AS $$
DECLARE
	tables regclass[];
	missing regclass[];
	name text;
	relation regclass;
	beside text := 'none';
BEGIN
	IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
		RAISE 'extension "citus" is not installed in this database'
			USING ERRCODE = '55000', HINT = 'Tables are distributed by Citus, on its coordinator.';
	END IF;
	FOREACH name IN ARRAY '{users,bookmarks,ratings,purchases,cart_additions,views}'::text[] LOOP
		tables := tables || interactions.required_table(name);
	END LOOP;
	LOCK TABLE interactions.users IN SHARE ROW EXCLUSIVE MODE;
	FOREACH relation IN ARRAY tables LOOP
		IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = relation AND partmethod = 'h') THEN
			RAISE NOTICE 'table "%" is distributed, skipping', relation;
			beside := relation;
		ELSE
			missing := missing || relation;
		END IF;
	END LOOP;
	FOREACH relation IN ARRAY coalesce(missing, '{}') LOOP
		-- how many shards there are the first one says
		PERFORM create_distributed_table(relation, 'user_id', colocate_with => beside,
			shard_count => CASE WHEN beside = 'none' THEN distribute_tables.shard_count END);
		beside := relation;
	END LOOP;
	-- each server has the statistics of its shards; what was added to the view stays
	CREATE OR REPLACE VIEW interactions.stats WITH (security_invoker = true) AS
	SELECT name AS interaction_type, rows, bytes, oldest, newest
	FROM unnest('{bookmarks,ratings,purchases,cart_additions,views}'::text[]) WITH ORDINALITY AS type (name, position)
	JOIN pg_class ON relname = name CROSS JOIN LATERAL interactions.table_stats(oid)
	WHERE relnamespace = 'interactions'::regnamespace AND relkind IN ('r', 'p')
	ORDER BY position;
	-- of the rows that were in them, nothing is to stay behind
	FOREACH relation IN ARRAY coalesce(missing, '{}') LOOP
		PERFORM truncate_local_data_after_distributing_table(relation);
	END LOOP;
END
$$;
COMMENT ON FUNCTION interactions.distribute_tables(integer) IS
	'Put the tables into shards by user, with Citus, and their rows with them; a table that is distributed stays as it is; 55000 where Citus is not installed';

-- what the catalog says costs the same at any size; of a distributed table it is asked where the shards are
CREATE FUNCTION interactions.table_stats(root regclass, OUT rows bigint, OUT bytes bigint, OUT oldest timestamptz, OUT newest timestamptz)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET datestyle = ISO AS
$$
DECLARE
	distributed boolean := false;
	failure text;
BEGIN
	IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
		EXECUTE 'SELECT count(*) > 0 FROM pg_dist_partition WHERE logicalrelid = $1' INTO distributed USING root;
	END IF;
	IF distributed THEN
		EXECUTE $shards$
			SELECT sum((shard ->> 'rows')::bigint), sum((shard ->> 'bytes')::bigint),
				min((shard ->> 'oldest')::timestamptz), max((shard ->> 'newest')::timestamptz), min(failure)
			FROM (SELECT CASE WHEN success THEN result::json END, CASE WHEN NOT success THEN result END
				FROM run_command_on_shards($1, 'SELECT to_json(stats) FROM interactions.table_stats(%L) AS stats')) AS shards (shard, failure)
			$shards$ INTO rows, bytes, oldest, newest, failure USING root;
		IF failure IS NOT NULL THEN
			RAISE EXCEPTION USING MESSAGE = 'could not read the statistics of a shard', DETAIL = failure;
		END IF;
		RETURN;
	END IF;
	SELECT CASE WHEN max(part.reltuples) >= 0 THEN sum(greatest(part.reltuples, 0))::bigint END,
		sum(pg_total_relation_size(part.oid))::bigint, min(sample.oldest), max(sample.newest)
	INTO rows, bytes, oldest, newest
	FROM (SELECT root WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = root AND relkind = 'p')
		UNION ALL SELECT relid FROM pg_partition_tree(root) WHERE isleaf) AS leaf (oid)
	JOIN pg_class AS part ON part.oid = leaf.oid
	JOIN pg_namespace ON pg_namespace.oid = part.relnamespace
	LEFT JOIN pg_stats ON schemaname = nspname AND tablename = part.relname AND attname = 'timestamp' AND NOT inherited
		AND part.reltuples > 0
	CROSS JOIN LATERAL (SELECT min(moment), max(moment)
		FROM unnest(most_common_vals::text::timestamptz[] || histogram_bounds::text::timestamptz[]) AS moment) AS sample (oldest, newest);
END
$$;
COMMENT ON FUNCTION interactions.table_stats(regclass) IS
	'What interactions.stats shows of a table, its partitions and shards: rows, oldest and newest as of the last ANALYZE or VACUUM, and bytes as of now';

CREATE PROCEDURE interactions.purge_shard(shard regclass, older_than timestamptz, batch_size integer, INOUT purged bigint)
	AS 'MODULE_PATHNAME', 'purge_shard' LANGUAGE C;
COMMENT ON PROCEDURE interactions.purge_shard(regclass, timestamptz, integer, bigint) IS
	'What purge has the servers do with the shards of a distributed table; within a transaction 25001';

CREATE FUNCTION interactions.change_user(user_id text, set_id boolean, set_name boolean, set_created_at boolean,
	INOUT external_id text, INOUT name text, INOUT created_at bigint)
	AS 'MODULE_PATHNAME', 'change_user' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.change_user(text, boolean, boolean, boolean, text, text, bigint) IS
	'What update_user does to a user, and the user as he is then';

CREATE FUNCTION interactions.read_user_changes(changes json, OUT set_id boolean, OUT set_name boolean, OUT set_created_at boolean,
	OUT external_id text, OUT name text, OUT created_at bigint)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	given CONSTANT jsonb := changes;
BEGIN
	PERFORM interactions.read_object(changes, 'a user', '{external_id,name,created_at}');
	IF given = '{}' THEN
		RAISE 'the changes must be an object with "name", "external_id" or both' USING ERRCODE = '22023';
	END IF;
	IF jsonb_typeof(given -> 'name') NOT IN ('string', 'number', 'null') THEN
		RAISE '"name" must be a string, not %', left(given ->> 'name', 64) USING ERRCODE = '22023';
	END IF;
	set_id := given ? 'external_id';
	set_name := given ? 'name';
	set_created_at := given ? 'created_at';
	IF set_id THEN
		external_id := interactions.read_id('external_id', changes -> 'external_id');
	END IF;
	name := given ->> 'name';
	created_at := interactions.read_integer('created_at', changes -> 'created_at');
END
$$;
COMMENT ON FUNCTION interactions.read_user_changes(json) IS
	'An object of the columns of a user to set, held to the rules: which these are, and their values';

-- SQL that was parsed when it was made runs with the search_path of who calls, and so do the triggers that it fires
CREATE FUNCTION interactions.update_user(external_id text, changes json) RETURNS json
	LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT CASE WHEN changed.external_id IS NOT NULL THEN to_json(changed) END
	FROM interactions.read_user_changes(changes) AS given, interactions.change_user(update_user.external_id,
		given.set_id, given.set_name, given.set_created_at, given.external_id, given.name, given.created_at) AS changed;
END;
COMMENT ON FUNCTION interactions.update_user(text, json) IS
	'Name, rename or merge a user as UPDATE of interactions_v1.users does, by an object of the columns to set: {"external_id", "name", "created_at"} as they are then; an unknown user is PT404';

CREATE FUNCTION interactions.read_put_user(request text, OUT external_id text, OUT changes json)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	line CONSTANT integer := strpos(request, E'\n');
	path CONSTANT text := left(request, line - 1);
	id bytea;
BEGIN
	IF coalesce(line, 0) = 0 THEN
		RAISE 'the request must be an id, a line feed, and an object' USING ERRCODE = '22023';
	END IF;
	SELECT coalesce(string_agg(coalesce(decode(part[1], 'hex'), convert_to(part[2], 'UTF8')), ''), '') INTO id
	FROM regexp_matches(path, '%([[:xdigit:]]{2})|(%|[^%]+)', 'g') AS part;
	external_id := convert_from(id, 'UTF8');
	changes := substr(request, line + 1);
END
$$;
COMMENT ON FUNCTION interactions.read_put_user(text) IS
	'The id and the object of a REST request: the id as it stands in the path, percent-encoded, a line feed, and the object';

CREATE FUNCTION interactions_v1.put_user(text) RETURNS json
	LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT interactions.update_user(request.external_id, request.changes) FROM interactions.read_put_user($1) AS request;
END;
COMMENT ON FUNCTION interactions_v1.put_user(text) IS
	'update_user of a REST request: the id as it stands in the path, percent-encoded, a line feed, and the object';

CREATE FUNCTION interactions.delete_user(INOUT external_id text, OUT name text, OUT created_at bigint)
	AS 'MODULE_PATHNAME', 'delete_user' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions.delete_user(text) IS
	'Erase a user with every interaction, who is given back as he was; an unknown user is PT404';

CREATE FUNCTION interactions_v1.delete_user(external_id text) RETURNS json
	LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT to_json(deleted) FROM interactions.delete_user(delete_user.external_id) AS deleted;
END;
COMMENT ON FUNCTION interactions_v1.delete_user(text) IS
	'Erase a user with every interaction, as DELETE of interactions_v1.users does; {"external_id", "name", "created_at"} as they were; an unknown user is PT404';
