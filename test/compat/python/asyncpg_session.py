"""What applications do with asyncpg, printed: its introspection of types, binary values, cursors, COPY, a pool, cancelled queries."""

import asyncio
import io
import sys

import asyncpg


async def main(url: str) -> None:
    settings = {"application_name": "compat"}
    connection = await asyncpg.connect(url, server_settings=settings)
    print(await connection.fetch("SELECT id, name, mood, born, extra FROM customers WHERE id = ANY($1::int[])", [1, 3]))
    print(await connection.fetch("SELECT * FROM wide"))
    print(await connection.fetchval("SELECT count(*) FROM orders WHERE total > $1", 20))
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        seen = [row["id"] async for row in connection.cursor("SELECT id FROM orders ORDER BY id", prefetch=9)]
        print(len(seen), seen[-1])
    try:
        async with connection.transaction():
            await connection.execute("DELETE FROM orders WHERE id = $1", 5)
            await connection.fetch("SELECT 1 / $1::int", 0)
    except asyncpg.PostgresError as error:
        print(type(error).__name__, error.sqlstate)
    await connection.execute("CREATE TYPE pair AS (a int, b text); CREATE TABLE pairs (p pair, many pair[])")
    await connection.execute("INSERT INTO pairs VALUES ($1, $2)", (1, "x"), [(2, "y"), (3, None)])
    print(await connection.fetch("SELECT * FROM pairs"))
    print(await connection.copy_records_to_table("customers", records=[("copied", None)], columns=["name", "born"]))
    out = io.BytesIO()
    print(await connection.copy_from_query("SELECT name FROM customers WHERE id < $1 ORDER BY id", 3, output=out), out.getvalue())
    statement = await connection.prepare("SELECT $1::numeric + $2::int8 AS sum")
    print([parameter.name for parameter in statement.get_parameters()], await statement.fetchval("1.5", 2))
    try:
        await connection.fetch("SELECT pg_sleep(30)", timeout=0.3)
    except asyncio.TimeoutError:
        print("cancelled", await connection.fetchval("SELECT 1"))
    await connection.execute("DELETE FROM customers WHERE name = 'copied'; DROP TABLE pairs; DROP TYPE pair")
    print(connection.get_settings().client_encoding, connection.is_in_transaction())
    await connection.reset()
    await connection.close()
    async with asyncpg.create_pool(url, min_size=2, max_size=4, server_settings=settings) as pool:
        print(sorted(await asyncio.gather(*(pool.fetchval("SELECT $1::int * 2", number) for number in range(20)))))


asyncio.run(main(sys.argv[1]))
