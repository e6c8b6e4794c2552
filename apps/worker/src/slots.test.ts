import { expect, test } from "vitest";
import { createSlots } from "./slots.js";

const never = new AbortController().signal;

/** Acquires and notes the order in which that came about. */
const acquirer = (total: number) => {
  const slots = createSlots(total);
  const admitted: string[] = [];
  const acquire = (name: string, count: number, signal = never) =>
    slots.acquire(count, signal).then((release) => {
      if (release !== null) admitted.push(name);
      return release;
    });
  return { slots, admitted, acquire };
};

test("slots are given while there are some, and come back once, however often they are released", async () => {
  const { slots, acquire } = acquirer(2);
  const first = await acquire("a", 1);
  await acquire("b", 1);
  expect(slots.free).toBe(0);
  first?.();
  first?.();
  expect(slots.free).toBe(1);
});

test("whoever wants all slots is not overtaken by those who want one", async () => {
  const { admitted, acquire } = acquirer(2);
  const first = await acquire("shared 1", 1);
  const exclusive = acquire("exclusive", 2);
  const late = acquire("shared 2", 1);
  await Promise.resolve();
  expect(admitted).toEqual(["shared 1"]);
  first?.();
  (await exclusive)?.();
  await late;
  expect(admitted).toEqual(["shared 1", "exclusive", "shared 2"]);
});

test("whoever leaves the line holds up nobody behind", async () => {
  const { slots, admitted, acquire } = acquirer(2);
  await acquire("shared 1", 1);
  const leaving = new AbortController();
  const exclusive = acquire("exclusive", 2, leaving.signal);
  const late = acquire("shared 2", 1);
  leaving.abort();
  expect(await exclusive).toBeNull();
  await late;
  expect(admitted).toEqual(["shared 1", "shared 2"]);
  expect(slots.free).toBe(0);
});

test("a line that is closed already admits nobody", async () => {
  const { slots, acquire } = acquirer(1);
  const closed = new AbortController();
  closed.abort();
  expect(await acquire("a", 1, closed.signal)).toBeNull();
  expect(slots.free).toBe(1);
});

test("more slots than there are is a programmer's error", () => {
  const { slots } = acquirer(2);
  expect(() => slots.acquire(3, never)).toThrow("3 of 2");
  expect(() => slots.acquire(0, never)).toThrow("0 of 2");
});
