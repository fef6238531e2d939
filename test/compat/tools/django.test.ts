/** Django's manage commands as an agent runs them: reports and additions pass; flush and migrate zero destroy nothing and say why. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { library } from "../../support/tools.ts";
import { demandRefused, type Ground, openGround, type Preset } from "./ground.ts";

const files = {
  "settings.py": `import os
SECRET_KEY = "synthetic"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": os.environ["PGHOST"], "PORT": os.environ["PGPORT"],
    "NAME": os.environ["PGDATABASE"], "USER": os.environ["PGUSER"], "PASSWORD": os.environ["PGPASSWORD"]}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
`,
  "shop/__init__.py": "",
  "shop/migrations/__init__.py": "",
  "shop/models.py": `from django.db import models
class Customer(models.Model):
    name = models.TextField()
class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    total = models.IntegerField()
`,
};
const second = `from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [
        migrations.AddField("order", "note", models.TextField(null=True)),
        migrations.AddIndex("order", models.Index(fields=["total"], name="order_total")),
    ]
`;
const rows = `INSERT INTO shop_customer (name) SELECT 'customer ' || i FROM generate_series(1, 20) i;
INSERT INTO shop_order (customer_id, total) SELECT i, 10 * i FROM generate_series(1, 20) i`;

const django = (...words: string[]) => ["/usr/bin/python3", "-m", "django", ...words, "--settings=settings", "--pythonpath=."];
const reads = [
  django("showmigrations"),
  django("migrate", "--plan"),
  django("sqlflush"),
  django("inspectdb"),
  django("shell", "-c", "from shop.models import *; print(Order.objects.filter(total__gt=150).count())"),
];

describe("Django under holdfast run, PostgreSQL 15", () => {
  let ground: Ground;
  before(async () => {
    await library("django");
    ground = await openGround(15);
    mkdirSync(join(ground.folder, "shop/migrations"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(ground.folder, name), text);
    const made = await ground.direct([django("makemigrations", "shop"), django("migrate")]);
    assert.equal(made.at(-1)?.code, 0, made.map(({ text }) => text).join("\n"));
    await ground.sql(rows);
  });

  const resets = async (preset: Preset, lost: RegExp) => {
    const before = await ground.state();
    const [zero, flush, told] = await ground.run(preset, [
      django("migrate", "shop", "zero"),
      django("flush", "--no-input"),
      django("flush", "--no-input", "--traceback"),
    ]);
    assert.ok(zero !== undefined && flush !== undefined && told !== undefined);
    demandRefused(zero, lost);
    // Django keeps the server's words for itself here, unless it is asked for them.
    demandRefused(flush, /couldn't be flushed/);
    demandRefused(told, /holdfast: would empty `public\.\w+`.*: what it removes cannot be brought back/);
    assert.deepEqual(await ground.state(), before);
  };

  test("guarded-writes: its reports are those of a direct run, and what resets destroys nothing", async () => {
    const expected = await ground.direct(reads);
    assert.ok(
      expected.every(({ code }) => code === 0),
      expected.map(({ text }) => text).join("\n"),
    );
    assert.deepEqual(await ground.run("guarded-writes", reads), expected);
    assert.match(expected[3]?.text ?? "", /class ShopOrder/);
    await resets("guarded-writes", /holdfast: would drop `public\.shop_order`: what it removes cannot be brought back/);
  });

  test("migrations: a migration that adds goes through, and what resets destroys nothing", async () => {
    writeFileSync(join(ground.folder, "shop/migrations/0002_note.py"), second);
    const [plan, migrate] = await ground.run("migrations", [django("migrate", "--plan"), django("migrate")]);
    assert.match(plan?.text ?? "", /shop\.0002_note/);
    assert.match(migrate?.text ?? "", /Applying shop\.0002_note\.\.\. OK/);
    await ground.sql("UPDATE shop_order SET note = 'kept'");
    await resets("migrations", /holdfast: would drop /);
  });
});
