/** Several people on one lab, with real workers: what the simulator of packages/core/src/scheduling says, happens. */
import type { ExperimentSpec } from "@pclab/core";
import { findOrCreateUser, storeSweep } from "@pclab/storage";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BACKENDS, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
  lab.dispatch();
});
afterEach(() => lab.close());

const submitFor = async (
  name: string,
  specs: readonly ExperimentSpec[],
): Promise<{ userId: string }> => {
  const { id: userId } = await findOrCreateUser(lab.database, name);
  const sweep = { userId, name: `${name}'s`, request: {}, runs: specs };
  if (!("stored" in (await storeSweep(lab.database, sweep, null)))) throw new Error("replayed");
  return { userId };
};

const copies = (count: number, spec: ExperimentSpec): ExperimentSpec[] =>
  Array.from({ length: count }, (_, seed) => ({ ...spec, seed }));

const attempts = () =>
  lab.database.prisma.attempt.findMany({ orderBy: [{ startedAt: "asc" }, { epoch: "asc" }] });

test("promise: fair sharing, two users get equal slot-seconds with runs of unequal length, and a newcomer the next slot", async () => {
  const short = smallSpec({ algorithm: "pc", epochs: 10, evaluate_every: 1_000 });
  const long = smallSpec({ algorithm: "pc", epochs: 300, evaluate_every: 1_000 });
  const ada = await submitFor("ada", copies(100, short));
  const ben = await submitFor("ben", copies(100, long));
  lab.startWorker({ slots: 2, checkpointSeconds: 600 });
  const ended = async (userId: string, count: number): Promise<true | null> => {
    const done = (await attempts()).filter((one) => one.userId === userId && one.endedAt !== null);
    return done.length >= count ? true : null;
  };

  await lab.until("both to be at work", 60_000, () => ended(ada.userId, 1));
  const cleo = await submitFor("cleo", [short]);
  const comesAfter = (await attempts()).length;
  await lab.until("the newcomer to be done", 60_000, () => ended(cleo.userId, 1));
  const place = (await attempts()).slice(comesAfter).findIndex((one) => one.userId === cleo.userId);
  // A run may have been claimed between the count and the dispatcher's next look.
  expect(place).toBeLessThanOrEqual(1);

  await lab.until("turns enough to compare", 120_000, () => ended(ada.userId, 6));
  const all = await attempts();
  const nowMs = Date.now();
  const slotSeconds = (userId: string): number =>
    all
      .filter((one) => one.userId === userId)
      .reduce(
        (sum, { startedAt, endedAt }) => sum + (endedAt?.getTime() ?? nowMs) - startedAt.getTime(),
        0,
      ) / 1_000;
  const [a, b] = [slotSeconds(ada.userId), slotSeconds(ben.userId)];
  // By count of runs ada would have had a small part of it, first come first served all.
  expect(a / (a + b), `ada ${a} s, ben ${b} s`).toBeGreaterThan(0.35);
  expect(a / (a + b), `ada ${a} s, ben ${b} s`).toBeLessThan(0.65);
});
