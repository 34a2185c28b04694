-- In a database of any encoding an escape is stored as its character, or refused by element where the encoding has none
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\set home :DBNAME
\set VERBOSITY sqlstate
SELECT $$
	SELECT answer ->> 'created' AS created, (SELECT json_agg(json_build_array(e -> 'index', e -> 'code')) FROM json_array_elements(answer -> 'errors') AS e) AS errors
	FROM interactions_v1.import_views('[{"user_id": "u", "item_id": "\u0041"}, {"user_id": "u", "item_id": "\u4e2d"}, {"user_id": "u", "item_id": "\ud83d\ude00"}, {"user_id": "u", "item_id": "\u0000"}]') AS answer;
	SELECT encode(convert_to(item_id, getdatabaseencoding()), 'hex'), octet_length(item_id) FROM interactions.views ORDER BY item_id;
	SELECT interactions_v1.create_view('{"user_id": "u", "item_id": "\ud83d\ude00"}') IS NULL;
$$ AS steps \gset

CREATE DATABASE regress_interactions_utf8 TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C';
CREATE DATABASE regress_interactions_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C';
CREATE DATABASE regress_interactions_euc_jp TEMPLATE template0 ENCODING 'EUC_JP' LOCALE_PROVIDER libc LOCALE 'C';
CREATE DATABASE regress_interactions_sql_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C';

\c regress_interactions_utf8
CREATE EXTENSION interactions; SELECT FROM interactions.create_tables();
:steps
\c regress_interactions_latin1
CREATE EXTENSION interactions; SELECT FROM interactions.create_tables();
:steps
\c regress_interactions_euc_jp
CREATE EXTENSION interactions; SELECT FROM interactions.create_tables();
:steps
\c regress_interactions_sql_ascii
CREATE EXTENSION interactions; SELECT FROM interactions.create_tables();
:steps

\c :home
DROP DATABASE regress_interactions_utf8;
DROP DATABASE regress_interactions_latin1;
DROP DATABASE regress_interactions_euc_jp;
DROP DATABASE regress_interactions_sql_ascii;
