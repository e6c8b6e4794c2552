import { afterEach, beforeEach, expect, test } from "vitest";
import { TestStorage } from "../../../tests/storage.js";
import { createToken, findCaller, listTokens, revokeToken, rotateToken } from "./tokens.js";
import { updateUser } from "./users.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

const make = (expiresAt: Date | null = null) =>
  createToken(storage.database, {
    userId: storage.userId,
    name: "laptop",
    scope: "submit",
    expiresAt,
  });

const opens = async (text: string): Promise<boolean> =>
  (await findCaller(storage.database, text)) !== null;

test("a token is its user's until it is revoked, and its text is not stored", async () => {
  const { text, row } = await make();
  expect(await findCaller(storage.database, text)).toEqual({
    user: { id: storage.userId, name: "ada", requestsPerMinute: null },
    token: { id: row.id, scope: "submit" },
  });
  expect(await opens(`${text}x`)).toBe(false);
  const stored = await storage.database.prisma.token.findMany();
  expect(JSON.stringify(stored)).not.toContain(text);
  expect(
    JSON.stringify(await listTokens(storage.database, { limit: 9, after: null })),
  ).not.toContain("sha256");
  await revokeToken(storage.database, row.id);
  expect(await opens(text)).toBe(false);
});

test("a token that has expired, or whose user is disabled, opens nothing", async () => {
  expect(await opens((await make(new Date(Date.now() - 1))).text)).toBe(false);
  const { text } = await make(new Date(Date.now() + 60_000));
  expect(await opens(text)).toBe(true);
  await updateUser(storage.database, storage.userId, { disabled: true });
  expect(await opens(text)).toBe(false);
  await updateUser(storage.database, storage.userId, { disabled: false });
  expect(await opens(text)).toBe(true);
});

test("a rotated token has the scope and the life of the old one, which ends at once or after an overlap", async () => {
  const old = await make(new Date(Date.now() + 3_600_000));
  const next = await rotateToken(storage.database, old.row.id, 0);
  expect(await opens(old.text)).toBe(false);
  expect(await findCaller(storage.database, next.text)).toMatchObject({
    token: { scope: "submit" },
  });
  const lifeMs = (next.row.expiresAt?.getTime() ?? 0) - next.row.createdAt.getTime();
  expect(Math.abs(lifeMs - 3_600_000)).toBeLessThan(10_000);
  const third = await rotateToken(storage.database, next.row.id, 60);
  expect(await opens(next.text)).toBe(true);
  expect(await opens(third.text)).toBe(true);
});
