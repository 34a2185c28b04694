// README's calls through node-postgres, prepared, for the user in the argument; prints what comes back.
// libpq's variables say where, and POOLED that no statement may stay prepared.

const { Client } = require('pg');

const user = process.argv[2];
const guest = `${user}-guest`;
const client = new Client();

// a statement with a name, of at most 63 bytes, stays prepared
const names = new Map();
async function query(text, ...values) {
	if (!names.has(text)) names.set(text, `statement ${names.size}`);
	const result = await client.query(process.env.POOLED ? { text, values } : { name: names.get(text), text, values });
	return result.rows.map((row) => Object.values(row));
}

const say = (...values) => console.log(values.map((value) => value ?? 'null').join(' '));
const kinds = (values) => values.map((value) => (value === null ? 'null' : value.constructor.name));

async function main() {
	let batch, moved;
	await client.connect();

	// an object, and what is given back: once, and once more
	const purchase = { user_id: user, item_id: 'i0', timestamp: 1700000000000, price: 9.5, amount: 2 };
	await query('SELECT * FROM interactions_v1.create_purchase($1)', purchase);
	const [created] = await query('SELECT * FROM interactions_v1.create_purchase($1)', purchase);
	say('created', ...created);
	say('kinds', ...kinds(created));

	// an array of objects: as text, since an array is taken for PostgreSQL's own
	const views = JSON.stringify([0, 1, 2].map((n) => ({ user_id: guest, item_id: `i${n}`, timestamp: n, duration: 5300 })));
	for (let time = 0; time < 2; time++) {
		[[batch]] = await query('SELECT interactions_v1.create_views($1)', views);
		say('batch', batch.created, batch.duplicates);
	}
	const ratings = JSON.stringify([{ user_id: user, item_id: 'i1', timestamp: 1, value: 4.5 }, { user_id: user, item_id: 'i2', value: 6 }]);
	await query('SELECT interactions_v1.create_ratings($1)', ratings).catch((error) => say('refused', error.code, error.detail));
	[[batch]] = await query('SELECT interactions_v1.import_ratings($1)', ratings);
	say('imported', batch.created, ...batch.errors.map((error) => `${error.index}:${error.code}`));
	const [rating] = await query('SELECT * FROM interactions_v1.list_user_ratings($1, from_timestamp => $2)', user, 1);
	say('rating', rating[4], ...kinds(rating.slice(4)));

	// rows into a view, once and once more, and many by arrays
	const numbers = [1, 2, 3, 4, 5, 6, 7];
	for (let time = 0; time < 2; time++) {
		let inserted = 0;
		for (const n of numbers)
			inserted += (await query('INSERT INTO interactions_v1.purchases VALUES ($1, $2, $3, $4, $5, $6) RETURNING item_id',
				user, `i${n}`, 1700000000000 + n, null, '1.25', n)).length;
		say('inserted', inserted);
	}
	await query('INSERT INTO interactions_v1.cart_additions (user_id, item_id, timestamp, price) SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::numeric[])',
		user, ['i1', 'i2', 'i3'], [1700000000001, 1700000000002, 1700000000003], [1.25, 1.25, 1.25]);
	const [[carts]] = await query('SELECT count(*) FROM interactions.cart_additions WHERE user_id = $1 AND price = $2', user, 1.25);
	say('copied', carts);

	// page by page
	const items = [];
	let after = null;
	for (;;) {
		const page = await query('SELECT * FROM interactions_v1.list_user_purchases($1, $2, after => $3)', user, 1, after);
		if (!page.length) break;
		items.push(...page.map((row) => row[1]));
		after = `${page.at(-1)[2]}:${page.at(-1)[1]}`;
	}
	say('pages', ...items);

	// the tables themselves
	const [native] = await query('SELECT * FROM interactions.purchases WHERE user_id = $1 AND item_id = $2', user, 'i0');
	say('native', native[2].toISOString().replace('.000', ''));
	say('kinds', ...kinds([native[2], native[6], batch]));

	// a guest signs in; once more it is unknown
	await query('INSERT INTO interactions_v1.users VALUES ($1, $2) RETURNING external_id', guest, 'Anna');
	for (let time = 0; time < 2; time++) {
		try {
			[[moved]] = await query('SELECT interactions_v1.transfer_interactions($1, $2, $3)', guest, user, true);
			say('transferred', moved.transferred.views, moved.duplicates);
		} catch (error) {
			say('refused', error.code);
		}
	}
	const [known] = await query('SELECT external_id, name FROM interactions_v1.users WHERE external_id = $1', user);
	say('user', known[1]);

	// deletions
	const [[deleted]] = await query('SELECT interactions_v1.delete_purchases($1, "timestamp" => $2)', user, purchase.timestamp);
	say('deleted', deleted.deleted);
	await query('INSERT INTO interactions_v1.bookmarks VALUES ($1, $2, $3) RETURNING user_id', user, 'i1', 1);
	await query('CALL interactions.purge($1, $2)', 'bookmarks', new Date(Date.now() - 365 * 86400e3));
	const left = await query('SELECT item_id FROM interactions.bookmarks WHERE user_id = $1 FOR UPDATE', user); // waits for another's purge
	say('left', left.length);

	const [[prepared]] = await query('SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE $1', '%create_purchase(%');
	say('prepared', prepared);
}

main().finally(() => client.end());
