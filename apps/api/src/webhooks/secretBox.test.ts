import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SealedSecretError, newSecret, openSecretBox } from "./secretBox.js";
import { openSecrets, parseSecretKey, readOrMakeSecretKey } from "./secretKey.js";

describe("a sealed secret", () => {
  const box = openSecretBox(randomBytes(32));

  test("opens for its own webhook, with its own key, undamaged", () => {
    const secret = newSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
    const sealed = box.seal(secret, "whk_1");
    expect(box.open(sealed, "whk_1")).toBe(secret);
    expect(() => box.open(sealed, "whk_2")).toThrow(SealedSecretError);
    expect(() => openSecretBox(randomBytes(32)).open(sealed, "whk_1")).toThrow(SealedSecretError);
    for (let index = 0; index < sealed.length; index++) {
      const damaged = Uint8Array.from(sealed, (byte, at) => (at === index ? byte ^ 1 : byte));
      expect(() => box.open(damaged, "whk_1")).toThrow(SealedSecretError);
    }
    expect(() => box.open(new Uint8Array(5), "whk_1")).toThrow(SealedSecretError);
  });

  test("never looks the same twice", () => {
    expect(box.seal("whsec_x", "whk_1")).not.toEqual(box.seal("whsec_x", "whk_1"));
  });
});

describe("the key", () => {
  test("is made once, for its owner alone to read, whoever starts first", async () => {
    const home = await mkdtemp(join(tmpdir(), "pclab-key-"));
    try {
      const keys = await Promise.all([1, 2, 3].map(() => readOrMakeSecretKey(join(home, "lab"))));
      expect(new Set(keys.map((key) => Buffer.from(key).toString("hex"))).size).toBe(1);
      const path = join(home, "lab", "webhook.key");
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(parseSecretKey(await readFile(path, "utf8"), path)).toEqual(keys[0]);
    } finally {
      await rm(home, { recursive: true });
    }
  });

  test("is seen whole or not at all, and nothing is left beside it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pclab-key-"));
    try {
      for (let round = 0; round < 50; round++) {
        const home = join(folder, String(round));
        const path = join(home, "webhook.key");
        const made = new AbortController();
        const makers = Promise.all([1, 2, 3].map(() => readOrMakeSecretKey(home))).finally(() =>
          made.abort(),
        );
        // As another process would, which may look at any moment.
        while (!made.signal.aborted) {
          if (existsSync(path)) parseSecretKey(readFileSync(path, "utf8"), path);
          await new Promise((resolve) => setImmediate(resolve));
        }
        const keys = (await makers).map((key) => Buffer.from(key).toString("hex"));
        expect(new Set(keys).size).toBe(1);
        expect(await readdir(home)).toEqual(["webhook.key"]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("that can be kept nowhere is missed when a secret is to be sealed, and not before", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pclab-key-"));
    await writeFile(join(folder, "a-file"), "");
    const home = join(folder, "a-file", "lab");
    const given = await openSecrets(randomBytes(32), home);
    expect(given.seal("whsec_x", "whk_1")).toBeInstanceOf(Uint8Array);
    const locked = await openSecrets(null, home);
    expect(() => locked.seal("whsec_x", "whk_1")).toThrow(/PCLAB_WEBHOOK_KEY/);
    await rm(folder, { recursive: true });
  });

  test("of another length is refused by name", () => {
    expect(() => parseSecretKey("c2hvcnQ=", "PCLAB_WEBHOOK_KEY")).toThrow(
      /PCLAB_WEBHOOK_KEY holds 5 bytes/,
    );
  });
});
