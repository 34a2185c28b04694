/* From 0.1.0 to 0.2.0: autovacuum comes sooner to the tables of interactions. */

\echo Use "ALTER EXTENSION interactions UPDATE TO '0.2.0'" to load this file. \quit

SET LOCAL search_path = pg_catalog, pg_temp;

-- what somebody has set stays
DO $$
DECLARE
	command text;
BEGIN
	FOR command IN
		SELECT format('ALTER TABLE %s SET (%s = %s)', pg_class.oid::regclass, setting, value)
		FROM pg_class,
			(VALUES ('autovacuum_vacuum_scale_factor', '0.05'), ('autovacuum_analyze_scale_factor', '0.02')) AS settings (setting, value)
		WHERE relnamespace = 'interactions'::regnamespace AND relkind = 'r'
			AND relname IN ('bookmarks', 'ratings', 'purchases', 'cart_additions', 'views')
			AND NOT EXISTS (SELECT FROM pg_options_to_table(reloptions) WHERE option_name = setting)
		ORDER BY relname, setting DESC
	LOOP
		EXECUTE command;
	END LOOP;
END
$$;
