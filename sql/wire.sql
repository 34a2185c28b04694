
/* The wire format across the types: transfers and users; then what holds for all objects. */

CREATE FUNCTION interactions_v1.transfer_interactions(from_user_id text, to_user_id text, delete_user boolean DEFAULT true) RETURNS json
	AS 'MODULE_PATHNAME', 'transfer_interactions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION interactions_v1.transfer_interactions(text, text, boolean) IS
	'Move every interaction of one user to another: {"from_user_id", "to_user_id", "transferred", "duplicates", "user_deleted"}; an unknown source is PT404, the same user twice 22023';

-- UNION pushes a filter on external_id down to the indexes of each table
CREATE VIEW interactions_v1.users WITH (security_invoker = true) AS
	SELECT user_id AS external_id, name, interactions.timestamp_to_ms(created_at) AS created_at
	FROM interactions.users
	UNION ALL
	SELECT user_id, NULL, NULL
	FROM (@seen@) AS seen
	WHERE NOT EXISTS (SELECT FROM interactions.users AS registered WHERE registered.user_id = seen.user_id);
COMMENT ON VIEW interactions_v1.users IS
	'Every known user: registered, or seen in an interaction; INSERT registers, UPDATE names, renames or merges, DELETE erases with every interaction';

CREATE TRIGGER edit_user INSTEAD OF INSERT OR UPDATE OR DELETE ON interactions_v1.users
	FOR EACH ROW EXECUTE FUNCTION interactions.edit_user();
COMMENT ON TRIGGER edit_user ON interactions_v1.users IS 'Registers, names, renames, merges and erases users';

-- costs the same at any size: nothing is counted
CREATE VIEW interactions.stats AS
	SELECT relname::text AS interaction_type,
		CASE WHEN reltuples >= 0 THEN reltuples::bigint END AS rows,
		pg_total_relation_size(pg_class.oid) AS bytes,
		bounds[1] AS oldest,
		bounds[array_upper(bounds, 1)] AS newest
	FROM pg_class
	LEFT JOIN pg_stats ON schemaname = 'interactions' AND tablename = relname AND attname = 'timestamp'
	CROSS JOIN LATERAL (SELECT histogram_bounds::text::timestamptz[]) AS histogram (bounds)
	WHERE relnamespace = 'interactions'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'users';
COMMENT ON VIEW interactions.stats IS
	'Rows, oldest and newest by type, as of the last ANALYZE or VACUUM (null before), and bytes as of now';
COMMENT ON COLUMN interactions.stats.interaction_type IS 'The table';
COMMENT ON COLUMN interactions.stats.rows IS 'Estimated by the last VACUUM or ANALYZE';
COMMENT ON COLUMN interactions.stats.bytes IS 'Of the table with its indexes';
COMMENT ON COLUMN interactions.stats.oldest IS 'Oldest in the sample of the last ANALYZE';
COMMENT ON COLUMN interactions.stats.newest IS 'Newest in the sample of the last ANALYZE';

-- each column is described once, whatever tables and views have it
DO $$
DECLARE
	described record;
BEGIN
	FOR described IN
		SELECT attrelid::regclass AS relation, attname, comment
		FROM (VALUES
			('interactions', 'user_id', 'Who; 1 to 512 bytes'),
			('interactions', 'item_id', 'With what; 1 to 512 bytes'),
			('interactions', 'timestamp', 'When, to the millisecond; null becomes now'),
			('interactions', 'recommendation_id', 'The recommendation that led here, 1 to 512 bytes, or null'),
			('interactions', 'value', 'Rating, 0 to 5'),
			('interactions', 'price', 'Price of the item, 0 or more, or null'),
			('interactions', 'amount', 'How many, 1 or more, or null'),
			('interactions', 'duration', 'How long, ms, 0 or more, or null'),
			('interactions', 'fingerprint', 'Hash over the columns outside the key, set by the trigger'),
			('interactions_v1', 'timestamp', 'When, ms since 1970-01-01 UTC; null becomes now'),
			('interactions_v1', 'external_id', 'The user''s id; 1 to 512 bytes'),
			('interactions_v1', 'name', 'What to call the user, or null'),
			('interactions_v1', 'created_at', 'When the user was registered, ms since 1970-01-01 UTC; null where not registered')
		) AS description(schema, attname, comment)
		JOIN pg_attribute USING (attname)
		JOIN pg_class ON pg_class.oid = attrelid
		WHERE attnum > 0 AND relkind IN ('r', 'v')
			AND (relnamespace = schema::regnamespace
				OR relnamespace = 'interactions_v1'::regnamespace AND schema = 'interactions' AND attname <> 'timestamp')
			AND col_description(attrelid, attnum) IS NULL
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', described.relation, described.attname, described.comment);
	END LOOP;
END
$$;

-- functions are PUBLIC's by default; who may do what is for the installation to say
REVOKE ALL ON ALL ROUTINES IN SCHEMA interactions, interactions_v1 FROM PUBLIC;
