import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

export interface TestDatabase {
  url: string;
  /** Removes the database. Connections that a test left open are an error, which names what they last ran. */
  drop(): Promise<void>;
}

/** A migrated database of the test's own: a clone of the template, which takes some 30 ms. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = new URL(inject("templateDatabaseUrl"));
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await onServer(template, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)}`),
  );
  return {
    url: Object.assign(new URL(template), { pathname: `/${name}` }).href,
    drop: () => onServer(template, (client) => dropDatabase(client, name)),
  };
}

async function onServer(
  template: URL,
  use: (client: pg.Client) => Promise<unknown>,
): Promise<void> {
  const server = Object.assign(new URL(template), { pathname: "/postgres" });
  const client = new pg.Client({ connectionString: server.href });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

/** PostgreSQL notices the end of a connection a moment after its client closed it. */
const closingTimeoutMs = 2_000;

async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  const deadlineMs = performance.now() + closingTimeoutMs;
  let open = await openConnections(client, name);
  while (open.length > 0 && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    open = await openConnections(client, name);
  }
  await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  if (open.length > 0) {
    throw new Error(`the test left ${open.length} connection(s) open: ${open.join(" | ")}`);
  }
}

async function openConnections(client: pg.Client, name: string): Promise<string[]> {
  const { rows } = await client.query<{ query: string }>(
    "SELECT query FROM pg_stat_activity WHERE datname = $1",
    [name],
  );
  return rows.map((row) => row.query.slice(0, 120));
}
