# README's calls through psycopg 3, prepared and with binary results, for the user in the argument; prints what comes back.
# libpq's variables say where, and POOLED that no statement may stay prepared.

import os
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import psycopg
from psycopg.types.json import Json

user = sys.argv[1]
guest = user + "-guest"
connection = psycopg.connect(autocommit=True, prepare_threshold=None if "POOLED" in os.environ else 0)
cursor = connection.cursor(binary=True)


def query(sql, *values):
    return cursor.execute(sql, values).fetchall()


def say(name, *values):
    print(name, *("null" if value is None else value for value in values))


def kinds(values):
    return [type(value).__name__ for value in values]


# an object, and what is given back: once, and once more
purchase = {"user_id": user, "item_id": "i0", "timestamp": 1700000000000, "price": 9.5, "amount": 2}
for _ in range(2):
    [created] = query("SELECT * FROM interactions_v1.create_purchase(%s)", Json(purchase))
say("created", *created)
say("kinds", *kinds(created))

# an array of objects
views = [{"user_id": guest, "item_id": f"i{n}", "timestamp": n, "duration": 5300} for n in range(3)]
for _ in range(2):
    [[batch]] = query("SELECT interactions_v1.create_views(%s)", Json(views))
    say("batch", batch["created"], batch["duplicates"])
ratings = [{"user_id": user, "item_id": "i1", "timestamp": 1, "value": 4.5}, {"user_id": user, "item_id": "i2", "value": 6}]
try:
    query("SELECT interactions_v1.create_ratings(%s)", Json(ratings))
except psycopg.errors.InvalidParameterValue as error:
    say("refused", error.sqlstate, error.diag.message_detail)
[[batch]] = query("SELECT interactions_v1.import_ratings(%s)", Json(ratings))
say("imported", batch["created"], *(f"{error['index']}:{error['code']}" for error in batch["errors"]))
[rating] = query("SELECT * FROM interactions_v1.list_user_ratings(%s, from_timestamp => %s)", user, str(1))
say("rating", rating[-1], *kinds(rating[-1:]))

# rows into a view, once and once more, and COPY
rows = [(user, f"i{n}", 1700000000000 + n, None, Decimal("1.25"), n) for n in range(1, 8)]
for _ in range(2):
    cursor.executemany("INSERT INTO interactions_v1.purchases VALUES (%s, %s, %s, %s, %s, %s)", rows)
    say("inserted", cursor.rowcount)
with cursor.copy("COPY interactions_v1.cart_additions (user_id, item_id, timestamp, price) FROM STDIN (FORMAT BINARY)") as copy:
    copy.set_types(["text", "text", "int8", "numeric"])
    for row in rows[:3]:
        copy.write_row((user, row[1], row[2], row[4]))
[[carts]] = query("SELECT count(*) FROM interactions.cart_additions WHERE user_id = %s AND price = %s", user, Decimal("1.25"))
say("copied", carts)

# page by page
items, after = [], None
while page := query("SELECT * FROM interactions_v1.list_user_purchases(%s, %s, after => %s)", user, 1, after):
    items += [row[1] for row in page]
    after = f"{page[-1][2]}:{page[-1][1]}"
say("pages", *items)

# the tables themselves
[native] = query("SELECT * FROM interactions.purchases WHERE user_id = %s AND item_id = %s", user, "i0")
say("native", native[2].astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
say("kinds", *kinds([native[2], native[6], batch]))

# a guest signs in; once more it is unknown
query("INSERT INTO interactions_v1.users VALUES (%s, %s) RETURNING external_id", guest, "Anna")
for _ in range(2):
    try:
        [[moved]] = query("SELECT interactions_v1.transfer_interactions(%s, %s, %s)", guest, user, True)
        say("transferred", moved["transferred"]["views"], moved["duplicates"])
    except psycopg.Error as error:
        say("refused", error.sqlstate)
[known] = query("SELECT external_id, name FROM interactions_v1.users WHERE external_id = %s", user)
say("user", known[1])

# deletions
[[deleted]] = query('SELECT interactions_v1.delete_purchases(%s, "timestamp" => %s)', user, str(purchase["timestamp"]))
say("deleted", deleted["deleted"])
query("INSERT INTO interactions_v1.bookmarks VALUES (%s, %s, %s) RETURNING user_id", user, "i1", 1)
cursor.execute("CALL interactions.purge(%s, %s)", ("bookmarks", datetime.now(timezone.utc) - timedelta(days=365)))
left = query("SELECT item_id FROM interactions.bookmarks WHERE user_id = %s FOR UPDATE", user)  # waits for another's purge
say("left", len(left))

[[prepared]] = query("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", "%create_purchase(%")
say("prepared", prepared)
