import { fileURLToPath } from "node:url";
import { defineConfig } from "prisma/config";

// The CLI downloads its native schema engine unless it is named one: ours needs no download.
// PRISMA_NATIVE_ENGINE=1 asks for the native one.
if (!process.env["PRISMA_NATIVE_ENGINE"]) {
  process.env["PRISMA_SCHEMA_ENGINE_BINARY"] ??= fileURLToPath(
    new URL("prisma/schema-engine.mjs", import.meta.url),
  );
}

const url = process.env["DATABASE_URL"];
const shadowDatabaseUrl = process.env["SHADOW_DATABASE_URL"];

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  // Neither generate nor validate needs a database.
  ...(url ? { datasource: { url, ...(shadowDatabaseUrl ? { shadowDatabaseUrl } : {}) } } : {}),
});
