/** `npm run trace -- file.json [--engine reference]`: one minibatch under the lens. stdout holds the JSON alone. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  AVAILABLE_ENGINES,
  type EngineChoice,
  EngineError,
  TraceDivergedError,
  parseTraceInput,
  startEngine,
  traceMinibatch,
} from "@pclab/core";
import { ENGINES, prepareEngines } from "./engines.js";

const CHOICES: readonly EngineChoice[] = ["auto", ...AVAILABLE_ENGINES];

const USAGE = `usage: npm run --silent trace -- FILE [--engine ${CHOICES.join("|")}]

Runs one minibatch of predictive coding on the network in FILE (JSON, docs/EQUATIONS.md) and prints, as JSON, the energies of every
step, the final activities, and the gradients of predictive coding and of backpropagation. FILE may be - for stdin. Without
--engine it is the reference engine, which computes in Float64.
`;

export interface TraceCommand {
  argv: readonly string[];
  /** What a relative FILE is relative to. */
  folder: string;
  output: NodeJS.WritableStream;
  errors: NodeJS.WritableStream;
}

/** @returns the exit status: 0, 1 for a file or a network that cannot be traced, 2 for arguments that make no sense */
export async function runTraceCommand(command: TraceCommand): Promise<number> {
  const { output, errors } = command;
  const request = parseRequest(command);
  if ("usage" in request) {
    (request.status === 0 ? output : errors).write(request.usage);
    return request.status;
  }
  const input = await readInput(request.file);
  if (typeof input === "string") {
    errors.write(`${input}\n`);
    return 1;
  }
  const parsed = parseTraceInput(input.json);
  if (!parsed.ok) {
    for (const { pointer, detail } of parsed.problems) errors.write(`${pointer}: ${detail}\n`);
    return 1;
  }
  try {
    await prepareEngines({ allowSoftwareGpu: false });
    const trace = await traceMinibatch(
      parsed.value,
      startEngine(ENGINES, request.engine, parsed.value.inference.method),
    );
    output.write(`${JSON.stringify(trace)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof TraceDivergedError || error instanceof EngineError)) throw error;
    errors.write(`${error.message}\n`);
    return 1;
  }
}

/** A null file is stdin. */
type Request = { file: string | null; engine: EngineChoice } | { usage: string; status: 0 | 2 };

function parseRequest({ argv, folder }: TraceCommand): Request {
  const refused = (sentence: string): Request => ({ usage: `${sentence}\n\n${USAGE}`, status: 2 });
  const parsed = parsedArguments(argv);
  if (typeof parsed === "string") return refused(parsed);
  const { values, positionals } = parsed;
  if (values.help) return { usage: USAGE, status: 0 };
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) {
    return refused(`one FILE is expected, got ${positionals.length}`);
  }
  const engine = CHOICES.find((known) => known === values.engine);
  if (engine === undefined) {
    return refused(`there is no engine '${values.engine}'; available: ${CHOICES.join(", ")}`);
  }
  return { file: file === "-" ? null : resolve(folder, file), engine };
}

function parsedArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        engine: { type: "string", default: "reference" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    // parseArgs throws a TypeError with a sentence that names the argument.
    if (!(error instanceof TypeError)) throw error;
    return error.message;
  }
}

/** @returns the parsed JSON, or a sentence that says why there is none */
async function readInput(file: string | null): Promise<{ json: unknown } | string> {
  const name = file ?? "stdin";
  try {
    const text = file === null ? await readStdin() : await readFile(file, "utf8");
    return { json: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return `${name} is not JSON: ${error.message}`;
    if (error instanceof Error && "code" in error)
      return `${name} cannot be read: ${error.message}`;
    throw error;
  }
}

async function readStdin(): Promise<string> {
  process.stdin.setEncoding("utf8");
  let text = "";
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}
