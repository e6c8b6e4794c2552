/** The owner's token: the server keeps its hash, and `<home>/token` the only copy. */
import { execFile } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export function tokenFile(home: string): string {
  return join(home, "token");
}

/** Null before the first start, and when the file was lost. */
export function readToken(home: string): string | null {
  const file = tokenFile(home);
  return existsSync(file) ? readFileSync(file, "utf8").trim() || null : null;
}

/** Makes a further token for the user `owner` and leaves it in the file. */
export async function writeNewToken(
  home: string,
  { createTokenScript, databaseUrl }: { createTokenScript: string; databaseUrl: string },
): Promise<string> {
  const { stdout } = await run(process.execPath, [createTokenScript, "--user", "owner"], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
  });
  const token = stdout.trim();
  const file = tokenFile(home);
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  // The mode above counts only for a new file.
  chmodSync(file, 0o600);
  return token;
}
