/**
 * Brings the schema of the database at DATABASE_URL up to date: what the images run before the API starts.
 *
 *   node packages/storage/dist/migrate/main.js
 */
import { migrate } from "./migrate.js";

const databaseUrl = process.env["DATABASE_URL"];
if (!databaseUrl) {
  process.stderr.write("DATABASE_URL is not set: give the URL of the lab's PostgreSQL database.\n");
  process.exitCode = 2;
} else {
  try {
    const applied = await migrate(databaseUrl, {
      log: (line) => process.stdout.write(`${line}\n`),
    });
    if (applied.length === 0) process.stdout.write("the schema is up to date\n");
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
