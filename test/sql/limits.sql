-- A batch and a page have limits that apply at once, and that only a superuser, or who was granted it, changes.
LOAD 'interactions';
SHOW interactions.max_batch_elements;
SHOW interactions.max_page_size;
SET interactions.max_batch_elements = 2;
SELECT interactions_v1.create_bookmarks('[{"user_id": "u", "item_id": "1", "timestamp": 1000000000001}, {"user_id": "u", "item_id": "2", "timestamp": 1000000000002}]');
SELECT interactions_v1.create_bookmarks('[{"user_id": "u", "item_id": "3"}, {"user_id": "u", "item_id": "4"}, {"user_id": "u", "item_id": "5"}]');
\set VERBOSITY sqlstate
SELECT interactions_v1.import_bookmarks('[1, 2, 3]');
\set VERBOSITY default
SET interactions.max_page_size = 1;
SELECT * FROM interactions_v1.list_user_bookmarks('u', 1);
SELECT * FROM interactions_v1.list_user_bookmarks('u', 2);
SELECT * FROM interactions_v1.list_item_bookmarks('1');
SET interactions.max_page_size = 0;
SELECT count(*) FROM interactions_v1.list_user_bookmarks('u');
SET interactions.max_batch_elements = 0;
SET interactions.max_page = 1;
CREATE ROLE regress_interactions_limited;
SET ROLE regress_interactions_limited;
SET interactions.max_batch_elements = 1;
RESET ROLE;
GRANT SET ON PARAMETER interactions.max_batch_elements TO regress_interactions_limited;
SET ROLE regress_interactions_limited;
SET interactions.max_batch_elements = 1;
RESET ROLE;
RESET interactions.max_batch_elements;
REVOKE SET ON PARAMETER interactions.max_batch_elements FROM regress_interactions_limited;
-- a session that has not called anything yet knows the limits, and cannot set them beforehand
\c -
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "r1"}]');
\c -
SET SESSION AUTHORIZATION regress_interactions_limited;
SET interactions.max_batch_elements = 1;
RESET SESSION AUTHORIZATION;
SELECT interactions_v1.create_recommendations('[{"recommendation_id": "r1"}, {"recommendation_id": "r2"}]');
TRUNCATE interactions.recommendations;
DROP ROLE regress_interactions_limited;
TRUNCATE interactions.bookmarks;
