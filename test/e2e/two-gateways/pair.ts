/**
 * Two gateways in front of one shop, on one control store: each with a vault and a state folder of its own.
 * It tests nothing itself.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestServer } from "../../support/servers.ts";
import { openScene, type Scene, type SceneOptions } from "../../grants/scene.ts";
import { newFolder, openShop, provisionShop, type Shop } from "../../provision/shop.ts";
import { type StorePlace, storePlace } from "../../store/postgres-place.ts";

export interface Pair {
  readonly shop: Shop;
  readonly store: StorePlace;
  readonly a: Scene;
  readonly b: Scene;
  readonly stop: () => Promise<void>;
}

/** The section `store` for a gateway; the password is in a file beside. `port`: of a proxy in between. */
export function storeSection(place: StorePlace, more: { readonly port?: number; readonly timeout?: string } = {}): string {
  const file = join(newFolder(), "store-password");
  writeFileSync(file, place.login.password, { mode: 0o600 });
  const { server, database, login } = place;
  return `store:
  kind: postgres
  host: ${server.host}
  port: ${more.port ?? server.port}
  role: ${login.user}
  database: ${database.name}
  password: { file: ${file} }
  gateway_timeout: ${more.timeout ?? "3s"}
`;
}

export async function openPair(server: TestServer, options: SceneOptions & { readonly timeout?: string } = {}): Promise<Pair> {
  const { timeout, ...scene } = options;
  const shop = options.shop ?? (await provisioned(server));
  const store = await storePlace(server);
  const more = storeSection(store, timeout === undefined ? {} : { timeout });
  const a = await openScene(server, { ...scene, shop, more });
  const b = await openScene(server, { ...scene, shop, more });
  return { shop, store, a, b, stop: async () => void (await Promise.all([a.stop(), b.stop()])) };
}

export async function provisioned(server: TestServer): Promise<Shop> {
  const shop = await openShop(server);
  // Since PostgreSQL 16 the executor becomes a member of those owners only whom the administrator may give away.
  await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
  await provisionShop(shop);
  return shop;
}
