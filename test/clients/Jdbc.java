// README's calls through JDBC, prepared and with binary results, for the user in the argument; prints what comes back.
// PGPORT says where, and POOLED that no statement may stay prepared.

import java.io.StringReader;
import java.math.BigDecimal;
import java.sql.*;
import java.time.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

class Jdbc {
	static Connection connection;

	static void set(PreparedStatement statement, Object... values) throws SQLException {
		for (int i = 0; i < values.length; i++)
			statement.setObject(i + 1, values[i]);
	}

	static List<Object[]> query(String sql, Object... values) throws SQLException {
		var rows = new ArrayList<Object[]>();
		try (var statement = connection.prepareStatement(sql)) {
			set(statement, values);
			statement.execute();
			var result = statement.getResultSet();
			while (result != null && result.next()) {
				var row = new Object[result.getMetaData().getColumnCount()];
				for (int i = 0; i < row.length; i++)
					row[i] = result.getObject(i + 1);
				rows.add(row);
			}
		}
		return rows;
	}

	static void say(String name, Object... values) {
		System.out.println(name + " " + String.join(" ", Arrays.stream(values).map(String::valueOf).toList()));
	}

	static Object[] kinds(Object... values) {
		return Arrays.stream(values).map(value -> value == null ? "null" : value.getClass().getSimpleName()).toArray();
	}

	public static void main(String[] arguments) throws SQLException, java.io.IOException {
		String user = arguments[0], guest = user + "-guest";
		// below 0 stands for binary results at once
		connection = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + System.getenv("PGPORT") + "/postgres?user="
			+ System.getenv("PGUSER") + "&prepareThreshold=" + (System.getenv("POOLED") == null ? -1 : 0));

		// an object, and what is given back: once, and once more
		String purchase = """
			{"user_id": "%s", "item_id": "i0", "timestamp": 1700000000000, "price": 9.5, "amount": 2}""".formatted(user);
		query("SELECT * FROM interactions_v1.create_purchase(?::json)", purchase);
		var created = query("SELECT * FROM interactions_v1.create_purchase(?::json)", purchase).get(0);
		say("created", created);
		say("kinds", kinds(created));

		// an array of objects; SQL takes the answer apart
		var views = new StringJoiner(", ", "[", "]");
		for (int n = 0; n < 3; n++)
			views.add("""
				{"user_id": "%s", "item_id": "i%d", "timestamp": %<d, "duration": 5300}""".formatted(guest, n));
		for (int time = 0; time < 2; time++)
			say("batch", query("SELECT batch->'created', batch->'duplicates' FROM interactions_v1.create_views(?::json) AS batch", views.toString()).get(0));
		var ratings = """
			[{"user_id": "%s", "item_id": "i1", "timestamp": 1, "value": 4.5}, {"user_id": "%<s", "item_id": "i2", "value": 6}]""".formatted(user);
		try {
			query("SELECT interactions_v1.create_ratings(?::json)", ratings);
		} catch (PSQLException error) {
			say("refused", error.getSQLState(), error.getServerErrorMessage().getDetail());
		}
		say("imported", query("SELECT batch->'created', concat(error->'index', ':', error->>'code') " +
			"FROM interactions_v1.import_ratings(?::json) AS batch, json_array_elements(batch->'errors') AS error", ratings).get(0));
		var rating = query("SELECT * FROM interactions_v1.list_user_ratings(?, from_timestamp => ?)", user, "1").get(0)[4];
		say("rating", rating, kinds(rating)[0]);

		// rows into a view, once and once more, and COPY
		for (int time = 0; time < 2; time++) {
			try (var statement = connection.prepareStatement("INSERT INTO interactions_v1.purchases VALUES (?, ?, ?, ?, ?, ?)")) {
				for (int n = 1; n <= 7; n++) {
					set(statement, user, "i" + n, 1700000000000L + n, null, new BigDecimal("1.25"), n);
					statement.addBatch();
				}
				say("inserted", Arrays.stream(statement.executeBatch()).sum());
			}
		}
		var rows = "%1$s,i1,1700000000001,1.25\n%1$s,i2,1700000000002,1.25\n%1$s,i3,1700000000003,1.25\n".formatted(user);
		connection.unwrap(PGConnection.class).getCopyAPI().copyIn(
			"COPY interactions_v1.cart_additions (user_id, item_id, timestamp, price) FROM STDIN CSV", new StringReader(rows));
		say("copied", query("SELECT count(*) FROM interactions.cart_additions WHERE user_id = ? AND price = ?", user, new BigDecimal("1.25")).get(0));

		// page by page
		var items = new ArrayList<Object>();
		String after = null;
		for (List<Object[]> page; !(page = query("SELECT * FROM interactions_v1.list_user_purchases(?, ?, after => ?)", user, 1, after)).isEmpty();) {
			items.add(page.get(0)[1]);
			after = page.get(0)[2] + ":" + page.get(0)[1];
		}
		say("pages", items.toArray());

		// the tables themselves
		var stored = query("SELECT * FROM interactions.purchases WHERE user_id = ? AND item_id = ?", user, "i0").get(0);
		say("native", ((Timestamp) stored[2]).toInstant());
		say("kinds", kinds(stored[2], stored[6], query("SELECT interactions_v1.create_views(?::json)", "[]").get(0)[0]));

		// a guest signs in; once more it is unknown
		query("INSERT INTO interactions_v1.users VALUES (?, ?)", guest, "Anna");
		var transfer = "SELECT moved->'transferred'->'views', moved->'duplicates' FROM interactions_v1.transfer_interactions(?, ?, ?) AS moved";
		say("transferred", query(transfer, guest, user, true).get(0));
		try {
			query(transfer, guest, user, true);
		} catch (SQLException error) {
			say("refused", error.getSQLState());
		}
		say("user", query("SELECT name FROM interactions_v1.users WHERE external_id = ?", user).get(0));

		// deletions
		say("deleted", query("SELECT interactions_v1.delete_purchases(?, \"timestamp\" => ?)->'deleted'", user, "1700000000000").get(0));
		query("INSERT INTO interactions_v1.bookmarks VALUES (?, ?, ?)", user, "i1", 1L);
		query("CALL interactions.purge(?, ?)", "bookmarks", OffsetDateTime.now().minusYears(1));
		say("left", query("SELECT item_id FROM interactions.bookmarks WHERE user_id = ? FOR UPDATE", user).size()); // waits for another's purge

		say("prepared", query("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE ?", "%create_purchase(%").get(0));
	}
}
