-- The whole SQL surface, as a contract: nothing appears, goes or changes unnoticed
\pset format unaligned
\pset fieldsep ' | '
\pset footer off

-- functions: arguments, result; volatility, strictness, parallel safety; no SECURITY DEFINER, no settings, no rights of PUBLIC
SELECT p.oid::regproc AS function, pg_get_function_arguments(p.oid) AS arguments, coalesce(pg_get_function_result(p.oid), 'procedure') AS result,
	concat_ws(' ', CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END, CASE WHEN proisstrict THEN 'strict' END,
		CASE proparallel WHEN 's' THEN 'parallel safe' WHEN 'u' THEN 'unsafe' ELSE 'restricted' END,
		CASE WHEN prosecdef THEN 'security definer' END, CASE WHEN proleakproof THEN 'leakproof' END, proconfig::text,
		CASE WHEN proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0) THEN 'public' END) AS labels
FROM pg_proc AS p WHERE pronamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace)
ORDER BY pronamespace::regnamespace::text, proname COLLATE "C", prokind, pg_get_function_identity_arguments(p.oid) COLLATE "C";

-- columns of tables and views
SELECT c.oid::regclass AS relation, c.relkind AS kind, c.reloptions AS options, string_agg(concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod),
	(SELECT 'COLLATE ' || quote_ident(collname) FROM pg_collation AS l WHERE l.oid = attcollation AND collname <> 'default'),
	CASE WHEN attnotnull THEN 'NOT NULL' END, (SELECT 'DEFAULT ' || pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = attrelid AND adnum = attnum)), ', ' ORDER BY attnum) AS columns
FROM pg_class AS c JOIN pg_attribute ON attrelid = c.oid
WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped
GROUP BY c.oid ORDER BY c.relnamespace::regnamespace::text, c.relname COLLATE "C";

-- indexes and triggers
SELECT pg_get_indexdef(indexrelid) AS index, indisprimary AS primary FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) ORDER BY pg_get_indexdef(indexrelid) COLLATE "C";
SELECT pg_get_triggerdef(t.oid) AS trigger FROM pg_trigger AS t JOIN pg_class ON pg_class.oid = tgrelid
WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND NOT tgisinternal
ORDER BY relnamespace::regnamespace::text, relname COLLATE "C", tgname COLLATE "C";

-- constraints, beyond the primary keys; since 18 NOT NULL is one
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND contype NOT IN ('p', 'n') ORDER BY 1, 2;

-- the code is the extension's, and the data are the user's: members are functions, composite types, and one schema
SELECT classid::regclass AS members, coalesce(p.pronamespace::regnamespace::text, t.typnamespace::regnamespace::text, n.nspname) AS schema, count(*)
FROM pg_depend LEFT JOIN pg_proc AS p ON classid = 'pg_proc'::regclass AND p.oid = objid
	LEFT JOIN pg_type AS t ON classid = 'pg_type'::regclass AND t.oid = objid
	LEFT JOIN pg_namespace AS n ON classid = 'pg_namespace'::regclass AND n.oid = objid
WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'interactions') AND deptype = 'e'
	AND t.typcategory IS DISTINCT FROM 'A' -- these are members since 18
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT t.oid::regtype AS type, string_agg(concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod)), ', ' ORDER BY attnum) AS columns
FROM pg_type AS t JOIN pg_attribute ON attrelid = typrelid JOIN pg_class AS c ON c.oid = typrelid
WHERE relnamespace = 'interactions_v1'::regnamespace AND relkind = 'c' GROUP BY t.oid ORDER BY t.oid::regtype::text;

-- every object has a comment
SELECT 'schema ' || nspname AS "no comment" FROM pg_namespace WHERE nspname ~ '^interactions' AND obj_description(oid, 'pg_namespace') IS NULL
UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc
	WHERE pronamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND obj_description(oid, 'pg_proc') IS NULL
UNION ALL SELECT 'relation ' || oid::regclass FROM pg_class
	WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND relkind IN ('r', 'v', 'i', 'S') AND obj_description(oid, 'pg_class') IS NULL
UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
	WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped
		AND col_description(attrelid, attnum) IS NULL
UNION ALL SELECT 'trigger of ' || tgrelid::regclass FROM pg_trigger AS t JOIN pg_class ON pg_class.oid = tgrelid
	WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND NOT tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL
ORDER BY 1;

-- no schema, table, view or type of ours gives PUBLIC anything
SELECT nspname FROM pg_namespace WHERE nspname ~ '^interactions' AND EXISTS (SELECT FROM aclexplode(nspacl) WHERE grantee = 0);
SELECT c.oid::regclass FROM pg_class AS c
WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND EXISTS (SELECT FROM aclexplode(relacl) WHERE grantee = 0);

-- no name needs quotes: the statements of the library have none
SELECT c.oid::regclass FROM pg_class AS c
WHERE relnamespace IN ('interactions'::regnamespace, 'interactions_v1'::regnamespace) AND quote_ident(relname) <> relname;
