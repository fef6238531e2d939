/**
 * A project of Prisma's: its packages, settings that run the schema engine as WebAssembly, a schema with its first migration, and rows.
 */
import { join } from "node:path";

export const packages = { prisma: "6.19.3", "@prisma/adapter-pg": "7.10.1", pg: "8.23.1" };

/** The adapter of this version does not know the type "char", which the engine reads from the catalogue: text has the same bytes. */
export const settings = `import { defineConfig } from "prisma/config";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
const describe = pg.Query.prototype.handleRowDescription;
pg.Query.prototype.handleRowDescription = function (message) {
  for (const field of message.fields) if (field.dataTypeID === 18) field.dataTypeID = 25;
  return describe.call(this, message);
};
export default defineConfig({
  experimental: { adapter: true }, engine: "js", schema: "prisma/schema.prisma",
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL }),
});
`;
export const schema = (more = "") => `datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}
model Customer {
  id     Int     @id @default(autoincrement())
  name   String
  orders Order[]
}
model Order {
  id         Int      @id @default(autoincrement())
  customer   Customer @relation(fields: [customerId], references: [id], onDelete: Cascade)
  customerId Int
${more}}
`;
export const first = `CREATE TABLE "Customer" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "Customer_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Order" ("id" SERIAL NOT NULL, "customerId" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
ALTER TABLE "Order" ADD CONSTRAINT "Order_customerId_fkey" FOREIGN KEY ("customerId") REFERENCES "Customer"("id") ON DELETE CASCADE ON UPDATE CASCADE;
`;
export const rows = `INSERT INTO "Customer" (name) SELECT 'customer ' || i FROM generate_series(1, 20) i;
INSERT INTO "Order" ("customerId") SELECT i FROM generate_series(1, 20) i`;

/** The path of the native engine is given so that none is looked for on the network; it is not opened. */
export function prismaCommand(folder: string, words: readonly string[]): readonly string[] {
  const unopened = join(folder, "prisma.config.ts");
  const engines = [`PRISMA_QUERY_ENGINE_LIBRARY=${unopened}`, `PRISMA_SCHEMA_ENGINE_BINARY=${unopened}`];
  return ["env", ...engines, process.execPath, "node_modules/prisma/build/index.js", ...words];
}
