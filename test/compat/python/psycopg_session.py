"""What applications do with psycopg 3, printed: prepared statements, pipelines, binary results, COPY in rows, server-side cursors."""

import logging
import sys

import psycopg
from psycopg.rows import dict_row

# Whether leaving a broken pipeline is worth a warning depends on which of its answers have come by then.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

with psycopg.connect(sys.argv[1], application_name="compat", prepare_threshold=1) as connection:
    for number in range(4):
        print(connection.execute("SELECT name FROM customers WHERE id = %s", (number + 1,)).fetchall())
    try:
        with connection.transaction():
            connection.execute("UPDATE orders SET total = %s WHERE id = %s", (1, 2))
            connection.execute("SELECT 1 / %s::int", (0,))
    except psycopg.Error as error:
        print(type(error).__name__, error.sqlstate)
    with connection.pipeline():
        first = connection.execute("SELECT %s::int", (1,))
        second = connection.execute("SELECT %s::text", ("z",))
    print(first.fetchall(), second.fetchall())
    try:
        with connection.pipeline():
            connection.execute("SELECT 1")
            connection.execute("SELECT nothing")
            connection.execute("SELECT 2")
    except psycopg.Error as error:
        print(type(error).__name__, error.sqlstate)
    connection.rollback()
    with connection.cursor(binary=True, row_factory=dict_row) as cursor:
        cursor.execute("SELECT orders.id, total, placed, tags, born, extra FROM orders JOIN customers ON customers.id = customer_id ORDER BY 1 LIMIT 3")
        print(cursor.fetchall())
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE rows_of_copy (a int, b text)")
        with cursor.copy("COPY rows_of_copy FROM STDIN") as copy:
            for number in range(1000):
                copy.write_row((number, f"row {number}"))
        with cursor.copy("COPY (SELECT * FROM rows_of_copy WHERE a < 3) TO STDOUT (FORMAT binary)") as copy:
            print([bytes(data) for data in copy])
        cursor.executemany("INSERT INTO rows_of_copy VALUES (%s, %s) RETURNING a", [(n, "more") for n in range(5)], returning=True)
        print(cursor.rowcount, cursor.statusmessage)
    with connection.cursor("server", scrollable=True) as cursor:
        cursor.execute("SELECT id FROM orders ORDER BY id")
        print(cursor.fetchmany(5))
        cursor.scroll(10)
        print(cursor.fetchone())
    connection.execute("DROP TABLE rows_of_copy")
    connection.commit()
    print(connection.info.transaction_status, connection.info.encoding, connection.info.parameter_status("standard_conforming_strings"))
