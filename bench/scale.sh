# What a hundred times the rows cost; bench/run --scale sources it. Two databases have two years of purchases in weekly
# partitions: in the larger one a hundred times as many, by as many times the users, of as many times the items.
# shellcheck shell=bash disable=SC2030,SC2031,SC2034,SC2154 # the variables are those of bench/run

# new rows, of the last seven days: what batches store, and single calls
new_batches=50000
new_rows=$((new_batches + 2 * rounds * scale_calls))

scale() { # ROWS
	local size rows=$1 load=()
	sign='>=' aim=''
	for size in small large; do
		scale_database $size "$(PGDATABASE=$size rows_here)"
		load+=("$loaded")
	done
	measure='load, per million' least='' report <<<"${load[1]} ${load[0]}"
	least=0.67 # 1.5 times as long
	of_sizes "month's refresh, per million" scale_refresh
	for size in small large; do scale_new_rows $size "$(PGDATABASE=$size rows_here)"; done
	of_sizes 'batches' scale_batches
	of_sizes 'single' scale_singles
	of_sizes 'list of a user' scale_lists
	of_sizes 'list of an item' scale_item_lists
	of_sizes 'list, none' scale_no_lists
	of_sizes 'deletion' scale_deletions
	of_sizes 'transfer' scale_transfers
	of_sizes 'drop of a week' scale_drop
	for size in small large; do
		PGDATABASE=$size sql -c "SELECT format('%s: %s rows, %s', current_database(), $(PGDATABASE=$size rows_here),
			pg_size_pretty(sum(pg_total_relation_size(relid)))) FROM pg_partition_tree('interactions.purchases')"
	done
	drop_databases small large
}

# Leaves in loaded the milliseconds that a million rows took.
scale_database() { # DATABASE ROWS
	local -x PGDATABASE=$1
	local n rows=$2 users=$(($2 / 20)) items=$(($2 / 50)) before
	createdb "$1"
	sql -c 'CREATE EXTENSION interactions' -c 'SELECT interactions.create_tables(partitioned => true)' -f "$project/bench/data.sql"
	sql <<-END
		CREATE TABLE bench.period AS SELECT date_trunc('week', now()) - 103 * '7 days'::interval AS start, now() AS until;
		SELECT format('CREATE TABLE interactions.purchases_%s PARTITION OF interactions.purchases FOR VALUES FROM (%L) TO (%L)',
			n, start + n * '7 days'::interval, start + (n + 1) * '7 days'::interval)
		FROM bench.period, generate_series(0, 103) AS n \\gexec
	END
	before=$EPOCHREALTIME
	for ((n = 1; n <= rows; n += 1000000)); do
		sql <<-END
			INSERT INTO interactions.purchases ($columns)
			SELECT user_id, item_id, start + ("timestamp" - '2025-01-01 00:00+00') * (extract(epoch FROM until - start) / 15638400)::float8,
				recommendation_id, price, amount
			FROM bench.generate($n, $((n + 999999 < rows ? n + 999999 : rows)), $rows, $users, $items), bench.period;
		END
	done
	loaded=$(awk -v from="$before" -v to="$EPOCHREALTIME" -v rows="$rows" 'BEGIN { print (to - from) * 1e9 / rows }')
	sql -c 'VACUUM ANALYZE' -c "ALTER DATABASE $1 SET client_min_messages = warning"
	open_session "$1"
}

# What the calls send or change
scale_new_rows() { # DATABASE ROWS
	local -x PGDATABASE=$1
	local rows=$2 users=$(($2 / 20)) items=$(($2 / 50))
	sql <<-END
		INSERT INTO bench.purchases
		SELECT n - $rows, user_id, item_id, until - '1 ms'::interval * floor(bench.uniform(n, 7) * 604800000),
			md5(n::text), price, amount
		FROM bench.generate($rows + 1, $rows + $new_rows, $rows, $users, $items), bench.period;
		CALL bench.make_batches(1, $new_batches, 10000);
		CREATE TABLE bench.singles AS
		SELECT n - $new_batches AS n, bench.batch(n, n) -> 0 AS body FROM bench.purchases WHERE n > $new_batches;
		CREATE UNIQUE INDEX ON bench.singles (n);
		INSERT INTO interactions.purchases ($columns)
		SELECT 'guest-' || (n - 1) / 50 + 1, item_id, until - '1 s'::interval * n, recommendation_id, price, amount
		FROM bench.generate(1, $((50 * rounds * scale_calls / 10)), 1000, $users, $items), bench.period;
		INSERT INTO bench.pairs
		SELECT row_number() OVER (ORDER BY hashtext(user_id)), user_id, item_id
		FROM (SELECT DISTINCT ON (user_id) user_id, item_id FROM interactions.purchases, bench.period
			WHERE "timestamp" >= until - '28 days'::interval AND user_id LIKE 'user-%') AS pairs;
		VACUUM ANALYZE;
	END
}

# What prints the time of both, alternately
of_sizes() { # PART COMMAND
	local round large small
	for ((round = 0; round < rounds; round++)); do
		large=$(PGDATABASE=large "$2")
		small=$(PGDATABASE=small "$2")
		echo "${large% *} ${small% *}"
	done | measure=$1 report ms
}

scale_batches() {
	timed "DELETE FROM interactions.purchases AS stored USING bench.purchases AS purchase, bench.period
		WHERE n <= $new_batches AND stored.\"timestamp\" >= until - '7 days'::interval
			AND (stored.user_id, stored.\"timestamp\", stored.item_id) = (purchase.user_id, purchase.\"timestamp\", purchase.item_id);
		VACUUM interactions.purchases_102, interactions.purchases_103;" \
		< <(printf 'SELECT interactions_v1.create_purchases(body::json) FROM bench.batches WHERE n = %s;\n' {0..4})
}

scale_singles() {
	each_call $((scale_calls / 2)) '\set n :n + 1
		SELECT body FROM bench.singles WHERE n = :n \gset' \
		'SELECT interactions_v1.create_purchase(:body)' 'SELECT 1' -D n=$((round * scale_calls))
}

# The rows of the database
rows_here() {
	if [[ $PGDATABASE == small ]]; then echo $((rows / 100)); else echo "$rows"; fi
}

# The thousandth of the users who are the most active
scale_lists() {
	local users=$(($(rows_here) / 20))
	each_call "$scale_calls" "\\set user 10000 + random(1, $users / 1000 + 1) * 7919 % $users" \
		"SELECT * FROM interactions_v1.list_user_purchases('user-' || :user, 20)" 'SELECT 1'
}

scale_item_lists() {
	local items=$(($(rows_here) / 50))
	each_call "$scale_calls" "\\set item 10000 + random(1, $items / 1000 + 1) * 7919 % $items" \
		"SELECT * FROM interactions_v1.list_item_purchases('item-' || :item, 20)" 'SELECT 1'
}

scale_no_lists() {
	each_call "$scale_calls" '' "SELECT * FROM interactions_v1.list_user_purchases('nobody', 20)" 'SELECT 1'
}

scale_deletions() {
	each_call $((scale_calls / 40)) '\set n :n + 1
		SELECT user_id, item_id FROM bench.pairs WHERE n = :n \gset' \
		'SELECT interactions_v1.delete_purchases(user_id => :user_id, item_id => :item_id)' 'SELECT 1' -D n=$((round * scale_calls / 40))
}

scale_transfers() {
	local users=$(($(rows_here) / 20))
	each_call $((scale_calls / 10)) "\\set n :n + 1
		\\set user 10000 + :n * 7919 % $users" "SELECT interactions_v1.transfer_interactions('guest-' || :n, 'user-' || :user)" \
		'SELECT 1' -D n=$((round * scale_calls / 10))
}

scale_refresh() {
	local ms
	ms=$(timed '' <<<"CALL interactions.refresh_items('purchases', '30 minutes', '30 days');")
	sql -c "SELECT $ms * 1e6 / count(*) FROM interactions.purchases WHERE \"timestamp\" >= now() - '30 days'::interval"
}

scale_drop() {
	timed '' <<<"DROP TABLE interactions.purchases_$round;"
}
