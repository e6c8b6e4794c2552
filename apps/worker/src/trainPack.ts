/** The runs of a pack, inside the training child: one engine for all, and of everything else to each its own. */
import {
  type EngineFactory,
  type EngineRegistry,
  PackError,
  PackLeftError,
  type PackMember,
  createPack,
} from "@pclab/core";
import { createExamplesLoader } from "./examples.js";
import { endsAsCrash, faultOf } from "./fault.js";
import type { FromChild, FromPack, PackMessage, PackPlace, ToMember } from "./messages.js";
import { chooseEngine, trainRun } from "./trainRun.js";

export interface PackSupervision {
  engines: EngineRegistry;
  send: (message: FromPack) => Promise<void>;
}

export interface TrainingPack {
  tellMember: (member: number, message: ToMember) => void;
  /** Resolves once every member has left; rejects when what they share has failed, or the supervisor is gone. */
  ended: Promise<void>;
}

/** The supervisor has put together runs of one engine and one shape; a member's own faults end that member alone. */
export const trainPack = (
  { members, mostThreads }: PackMessage,
  { engines, send }: PackSupervision,
): TrainingPack => {
  const first = memberOf(members, 0);
  const engine = chooseEngine(first, engines);
  const seats = createPack(
    engine,
    members.map(({ spec }) => spec),
    { mostThreads },
  );
  const loadExamples = createExamplesLoader(first.datasetsFolder);
  const controls = members.map(({ threads }) => ({ checkpointRequested: false, threads }));
  /** What leaves is not heard of any more. */
  const leaving = new Set<number>();

  const trainMember = async (seat: PackMember, member: number): Promise<void> => {
    const sendOwn = async (message: FromChild): Promise<void> => {
      if (!leaving.has(member)) await send({ type: "from_member", member, message });
    };
    const place: PackPlace = { runs: members.length, place: member + 1 };
    try {
      await trainRun(memberOf(members, member), {
        engines: onlyEngine(engine, seat),
        control: memberOf(controls, member),
        send: sendOwn,
        loadExamples,
        ...(members.length > 1 ? { pack: place } : {}),
      });
    } catch (error) {
      // What would go as well another time is not the run's fault, and the engine is everybody's.
      if (error instanceof PackError || endsAsCrash(error)) throw error;
      if (!(error instanceof PackLeftError)) await sendOwn({ type: "fault", ...faultOf(error) });
    } finally {
      await seat.leave();
    }
    await send({ type: "left", member });
  };

  return {
    tellMember: (member, message) => {
      switch (message.type) {
        case "write_checkpoint":
          memberOf(controls, member).checkpointRequested = true;
          return;
        case "threads":
          memberOf(controls, member).threads = message.count;
          return;
        case "leave":
          leaving.add(member);
          // A failure to dispose of the engine shows where the member itself leaves.
          memberOf(seats, member)
            .leave()
            .catch(() => undefined);
          return;
      }
    },
    ended: Promise.all(seats.map(trainMember)).then(() => undefined),
  };
};

const memberOf = <T>(ofEach: readonly T[], member: number): T => {
  const found = ofEach[member];
  if (found === undefined) throw new Error(`no member ${member} in a pack of ${ofEach.length}`);
  return found;
};

/** Whatever a member would choose, its engine is its view of the one that the pack was put together for. */
const onlyEngine = ({ id }: EngineFactory, { engine }: PackMember): EngineRegistry => {
  const [name = id] = id.split("/");
  return { [name]: () => engine };
};
