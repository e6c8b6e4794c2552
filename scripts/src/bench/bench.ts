/** `npm run bench`: measures the engines and their peers, and prints what came out. */
import { open, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { resolveDatasetsFolder } from "@pclab/storage";
import { loadBenchData } from "./benchData.js";
import { benchEngine } from "./engines.js";
import { runGpu } from "./gpu/gpuSection.js";
import { reasonOf } from "./group.js";
import { describeMachine, gitCommit } from "./machine.js";
import { PeerHost } from "./peers/peerHost.js";
import { type Report, headLines } from "./report.js";
import { type BenchRequest, USAGE, parseRequest } from "./request.js";
import { type Session, runGaussNewton, runGrid, runRows, runTargets } from "./sections.js";
import { type Table, printMarkdown, printText } from "./table.js";

export interface BenchCommand {
  argv: readonly string[];
  /** The repository's root. */
  root: string;
  /** What a relative --json is relative to. */
  folder: string;
  environment: NodeJS.ProcessEnv;
  /** Tables; progress goes to `errors`. */
  output: NodeJS.WritableStream;
  errors: NodeJS.WritableStream;
  /** Images to generate where the real ones are not on this machine. */
  synthetic?: { train: number; test: number };
}

/** The real data set's size class, at a fifth of the time to generate it. */
const SYNTHETIC = { train: 12_000, test: 2000 };

/** @returns the exit status: 0, or 2 for arguments that make no sense */
export async function runBenchCommand(command: BenchCommand): Promise<number> {
  const { output, errors } = command;
  const request = parseRequest(command.argv);
  if (request === "help") {
    output.write(USAGE);
    return 0;
  }
  if ("refusal" in request) {
    errors.write(`${request.refusal}\n\n${USAGE}`);
    return 2;
  }
  const file = request.json === null ? null : resolve(command.folder, request.json);
  const refusal = file === null ? null : await whyNotWritable(file);
  if (refusal !== null) {
    errors.write(`${refusal}\n`);
    return 2;
  }
  const report = await measure(command, request);
  if (file !== null) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  return 0;
}

/** Asked before anything is measured: half an hour's result is not to be lost to a wrong path. */
async function whyNotWritable(file: string): Promise<string | null> {
  try {
    const handle = await open(file, "a");
    await handle.close();
    return null;
  } catch (error) {
    if (error instanceof Error && "code" in error) return `--json: ${error.message}`;
    throw error;
  }
}

async function measure(command: BenchCommand, request: BenchRequest): Promise<Report> {
  const { environment, root, output, errors } = command;
  const say = (line: string): void => void errors.write(`${line}\n`);
  const datasetsFolder = resolveDatasetsFolder({
    override: environment["PCLAB_DATASETS"],
    home: environment["PCLAB_HOME"] || join(root, ".pclab"),
  });
  const data = await loadBenchData(datasetsFolder, command.synthetic ?? SYNTHETIC);
  const engine = benchEngine(request.engine);
  const peers = request.peer
    ? new PeerHost({
        script: join(root, "scripts/peers/pytorch_pc.py"),
        environment,
        device: request.gpu ? "cuda" : "cpu",
      })
    : null;
  const print = (table: Table): void =>
    void output.write((request.markdown ? printMarkdown : printText)(table));
  try {
    if (peers !== null) say("looking for PyTorch's fastest setting");
    const report: Report = {
      date: new Date().toISOString(),
      commit: gitCommit(root),
      machine: describeMachine(),
      request,
      engine: engine.label,
      data: data.name,
      peer: peers === null ? null : await describePeers(peers),
      groups: [],
      targets: [],
      grid: [],
      gpu: [],
      gaussNewton: null,
    };
    output.write(`${headLines(report).join(request.markdown ? "  \n" : "\n")}\n\n`);
    const session: Session = { request, engine, data, peers, report, print, say };
    if (request.rows) await runRows(session);
    if (request.targets) await runTargets(session);
    if (request.grid) await runGrid(session);
    if (request.gpu) {
      await runGpu(session, { allowSoftware: environment["PCLAB_WEBGPU_SOFTWARE"] === "1" });
    }
    if (request.gaussNewton) await runGaussNewton(session);
    return report;
  } finally {
    await peers?.close();
  }
}

const describePeers = async (peers: PeerHost): Promise<Record<string, unknown>> => {
  try {
    return await peers.describe();
  } catch (error) {
    return { unavailable: reasonOf(error) };
  }
};
