"""What applications do with psycopg2, printed: the test compares it between a direct run and one through Holdfast."""

import io
import sys

import psycopg2
import psycopg2.extensions
import psycopg2.extras

connection = psycopg2.connect(sys.argv[1], application_name="compat")
cursor = connection.cursor()
cursor.execute("SELECT id, name, mood, born, extra FROM customers WHERE id = %s", (3,))
print(cursor.fetchall(), [column.type_code for column in cursor.description])
cursor.execute("SELECT * FROM wide")
print([[bytes(value) if isinstance(value, memoryview) else value for value in row] for row in cursor.fetchall()])
connection.commit()

try:
    cursor.execute("SELECT 1 / 0")
except psycopg2.Error as error:
    print(type(error).__name__, error.pgcode, error.diag.message_primary, error.diag.source_function)
try:
    cursor.execute("SELECT 1")
except psycopg2.Error as error:
    print(type(error).__name__, error.pgcode)
connection.rollback()

with connection, connection.cursor("named") as named:
    named.itersize = 7
    named.execute("SELECT id FROM orders ORDER BY id")
    print([row[0] for row in named])

with connection, connection.cursor() as cursor:
    cursor.execute("CREATE TABLE copied (a int, b text)")
    cursor.copy_from(io.StringIO("1\tx\n2\t\\N\n"), "copied")
    out = io.StringIO()
    cursor.copy_expert("COPY copied TO STDOUT (FORMAT csv)", out)
    print(repr(out.getvalue()))
    psycopg2.extras.execute_values(cursor, "INSERT INTO copied VALUES %s", [(n, str(n)) for n in range(3, 200)])
    psycopg2.extras.execute_batch(cursor, "UPDATE copied SET b = %s WHERE a = %s", [("y", n) for n in range(1, 50)])
    cursor.execute("SELECT count(*), count(*) FILTER (WHERE b = 'y') FROM copied")
    print(cursor.fetchone())
    cursor.execute("SAVEPOINT here")
    try:
        cursor.execute("INSERT INTO orders (customer_id) VALUES (4711)")
    except psycopg2.errors.ForeignKeyViolation as error:
        print(error.diag.constraint_name)
        cursor.execute("ROLLBACK TO SAVEPOINT here")
    cursor.execute("INSERT INTO orders (id, customer_id) VALUES (9001, 1)")
    print(connection.notices)

with connection:
    large = connection.lobject(0, "wb")
    large.write(b"abc" * 5000)
    large.close()
    again = connection.lobject(large.oid, "rb")
    again.seek(3)
    print(again.read(6), again.tell())
    again.unlink()

xid = connection.xid(1, "global", "branch")
connection.reset()
connection.tpc_begin(xid)
with connection.cursor() as cursor:
    cursor.execute("DELETE FROM copied WHERE a = 1")
connection.tpc_prepare()
print(connection.status)
connection.tpc_rollback()
print(len(connection.tpc_recover()))
connection.rollback()

connection.set_session(isolation_level="SERIALIZABLE", readonly=True)
with connection, connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
    cursor.execute("SHOW transaction_isolation")
    print(cursor.fetchall())
connection.set_session(readonly=False, autocommit=True)

with connection.cursor() as cursor:
    cursor.execute("LISTEN news; NOTIFY news, 'thaw'")
    connection.poll()
    print([(notice.channel, notice.payload) for notice in connection.notifies])
    cursor.execute("DROP TABLE copied")
    print(cursor.statusmessage, connection.get_transaction_status(), connection.encoding)
connection.close()
