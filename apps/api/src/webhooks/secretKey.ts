/** The key that webhooks' secrets are sealed with: given, or made at the first start and kept in the lab's folder. */
import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type SecretBox, lockedSecretBox, openSecretBox } from "./secretBox.js";

const KEY_BYTES = 32;

/** @throws Error for what is not 32 bytes in base64 */
export const parseSecretKey = (text: string, source: string): Uint8Array => {
  const key = Buffer.from(text.trim(), "base64");
  if (key.length === KEY_BYTES) return key;
  throw new Error(
    `${source} holds ${key.length} bytes in base64, ${KEY_BYTES} are expected: openssl rand -base64 ${KEY_BYTES}`,
  );
};

/** `<home>/webhook.key`, which the owner of the process alone may read. */
export const readOrMakeSecretKey = async (home: string): Promise<Uint8Array> => {
  const path = join(home, "webhook.key");
  const kept = await readFile(path, "utf8").catch(nullWhen("ENOENT"));
  if (kept !== null) return parseSecretKey(kept, path);
  await mkdir(home, { recursive: true });
  // Linked only when it is whole: no other process, nor the next after a kill, finds a part of it.
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, `${randomBytes(KEY_BYTES).toString("base64")}\n`, {
      flag: "wx",
      mode: 0o600,
    });
    // Of two processes that start at once, one makes the key, and both read it.
    await link(draft, path).catch(nullWhen("EEXIST"));
  } finally {
    await rm(draft, { force: true });
  }
  return parseSecretKey(await readFile(path, "utf8"), path);
};

/** Handles the rejection that has this code. */
const nullWhen =
  (code: string) =>
  (error: unknown): null => {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
    return null;
  };

/** A key that cannot be kept would be another at the next start: then there is none, and webhooks cannot be made. */
export const openSecrets = async (given: Uint8Array | null, home: string): Promise<SecretBox> => {
  try {
    return openSecretBox(given ?? (await readOrMakeSecretKey(home)));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !["EACCES", "EPERM", "EROFS", "ENOTDIR", "ENOTSUP"].includes(code))
      throw error;
    return lockedSecretBox(
      `webhooks need a key to seal their secrets with, and the server can keep none in ${home} (${code}); ` +
        "set PCLAB_WEBHOOK_KEY to the output of: openssl rand -base64 32",
    );
  }
};
