/** `npm run test:mutations`: breaks a copy of the sources, one fault at a time, and fails if the tests let one pass. */
import { NATIVE_PACKAGE, buildAddon } from "../native/buildAddon.js";
import type { Fault } from "./fault.js";
import { runVitest } from "./runVitest.js";
import { SourceCopy } from "./sourceCopy.js";

/** Such a fault stays in the addon until the next is built, so that none in TypeScript may follow. */
const isNative = ({ file }: Fault): boolean => file.startsWith(`${NATIVE_PACKAGE}/cpp/`);

export interface MutationsCommand {
  /** The repository's root. */
  root: string;
  faults: readonly Fault[];
  output: NodeJS.WritableStream;
}

/** @returns the exit status: 0 when every fault was caught, else 1 */
export async function runMutations({ root, faults, output }: MutationsCommand): Promise<number> {
  const copy = await SourceCopy.of(root);
  try {
    const tests = [...new Set(faults.flatMap((fault) => fault.tests))];
    const sound = await runVitest(copy.folder, tests);
    if (sound.failed > 0) {
      output.write(`${sound.failed} tests fail without any fault: mend these first\n`);
      return 1;
    }
    const survivors: Fault[] = [];
    for (const fault of faults) {
      const { failed } = await copy.withFault(fault, async () => {
        if (isNative(fault)) await buildAddon(copy.folder);
        return runVitest(copy.folder, fault.tests);
      });
      if (failed === 0) survivors.push(fault);
      output.write(
        failed === 0 ? `SURVIVED  ${fault.name}\n` : `caught    ${fault.name} (${failed} tests)\n`,
      );
    }
    const caught = faults.length - survivors.length;
    output.write(`${caught} faults caught, ${survivors.length} survived\n`);
    return survivors.length === 0 ? 0 : 1;
  } finally {
    await copy.remove();
  }
}
