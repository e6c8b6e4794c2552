/** `npm run test:mutations`: breaks a copy of the sources, one fault at a time, and fails if the tests let one pass. */
import { availableParallelism } from "node:os";
import { NATIVE_PACKAGE, buildAddon } from "../native/buildAddon.js";
import type { Fault } from "./fault.js";
import { runVitest } from "./runVitest.js";
import { SourceCopy } from "./sourceCopy.js";

/** Such a fault stays in the addon until the next is built, so that none in TypeScript may follow in its copy. */
const isNative = ({ file }: Fault): boolean => file.startsWith(`${NATIVE_PACKAGE}/cpp/`);

export interface MutationsCommand {
  /** The repository's root. */
  root: string;
  faults: readonly Fault[];
  output: NodeJS.WritableStream;
}

/**
 * A lane for each core has a copy of its own and takes the next fault when it is done with one.
 *
 * @returns the exit status: 0 when every fault was caught, else 1
 */
export async function runMutations({ root, faults, output }: MutationsCommand): Promise<number> {
  const lanes = Math.min(faults.length, availableParallelism());
  const first = await SourceCopy.of(root);
  const copies = [first];
  try {
    while (copies.length < lanes) copies.push(await SourceCopy.of(root));
    const tests = [...new Set(faults.flatMap((fault) => fault.tests))];
    const sound = await runVitest(first.folder, tests);
    if (sound.failed > 0) {
      output.write(`${sound.failed} tests fail without any fault: mend these first\n`);
      return 1;
    }
    const waiting = [...faults];
    let survivors = 0;
    const work = async (copy: SourceCopy): Promise<void> => {
      for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
        const failed = await testsThatFail(copy, fault);
        if (failed === 0) survivors += 1;
        output.write(
          failed === 0
            ? `SURVIVED  ${fault.name}\n`
            : `caught    ${fault.name} (${failed} tests)\n`,
        );
      }
    };
    // One that fails ends the others after their present fault: their copies are in use until then.
    const ends = await Promise.allSettled(
      copies.map((copy) => work(copy).finally(() => waiting.splice(0))),
    );
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    output.write(`${faults.length - survivors} faults caught, ${survivors} survived\n`);
    return survivors === 0 ? 0 : 1;
  } finally {
    await Promise.all(copies.map((copy) => copy.remove()));
  }
}

const testsThatFail = (copy: SourceCopy, fault: Fault): Promise<number> =>
  copy.withFault(fault, async () => {
    if (isNative(fault)) await buildAddon(copy.folder);
    const { failed } = await runVitest(copy.folder, fault.tests);
    return failed;
  });
