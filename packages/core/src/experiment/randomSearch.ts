/** Random search: independent draws of fields from distributions, the same for the same sampling seed. */
import { z } from "zod";
import { Generator } from "../random/generator.js";
import { checkAgainst, notAllowed } from "../validation/check.js";
import { type Path, type Problem, pointerOf } from "../validation/problem.js";
import { fieldProblems } from "./fieldCheck.js";
import { type Sourced, writtenFieldsOf } from "./fields.js";
import { DISTRIBUTIONS, type DistributionName, MAX_RUNS_PER_SWEEP } from "./sweepSchema.js";

interface Distribution {
  field: string;
  pointer: string;
  name: DistributionName;
  values: readonly unknown[];
  isWrong: boolean;
}

export interface RandomSearch {
  samples: number;
  samplingSeed: number;
  distributions: Distribution[];
}

const countsSchema = z.object({
  samples: z.int().min(1).max(MAX_RUNS_PER_SWEEP),
  sampling_seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0),
});

/** Two numbers, low before high. */
const rangeSchema = z.tuple([z.number(), z.number()]).refine(([low, high]) => low < high, {
  message: "must be [low, high] with low < high",
});

export const readRandomSearch = (random: unknown, problems: Problem[]): RandomSearch | null => {
  if (typeof random !== "object" || random === null || Array.isArray(random)) return null;
  const { samples, sampling_seed, ...fields } = random as Record<string, unknown>;
  const counts = checkAgainst(
    countsSchema,
    sampling_seed === undefined ? { samples } : { samples, sampling_seed },
    ["random"],
  );
  if (!counts.ok) problems.push(...counts.problems);
  const distributions = writtenFieldsOf(fields).map(({ path, written, value }) =>
    readDistribution(path, ["random", ...written], value, problems),
  );
  if (!counts.ok) return null;
  return { samples: counts.value.samples, samplingSeed: counts.value.sampling_seed, distributions };
};

const readDistribution = (
  path: string[],
  key: Path,
  value: unknown,
  problems: Problem[],
): Distribution => {
  const field = path.join(".");
  const pointer = pointerOf(key);
  const wrong: Distribution = { field, pointer, name: "choice", values: [null], isWrong: true };
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1 || Array.isArray(value)) {
    problems.push({
      pointer,
      code: "wrong_type",
      allowed: DISTRIBUTIONS.map((name) => `{${name}: [...]}`).join(" | "),
      detail: `random needs one distribution for ${field}, such as {log_uniform: [1e-5, 1e-2]}`,
    });
    return wrong;
  }
  const [name, values] = entry;
  const known = DISTRIBUTIONS.find((candidate) => candidate === name);
  if (known === undefined) {
    problems.push(notAllowed(pointer, field, name, DISTRIBUTIONS));
    return wrong;
  }
  const at = [...key, known];
  const found = distributionProblems(known, values, at);
  if (found.length === 0) {
    // A distribution whose ends (or choices) fit its field gives only values that fit it.
    (values as unknown[]).forEach((end, index) => {
      found.push(...fieldProblems(path, end, [...at, index], key));
    });
  }
  problems.push(...found.slice(0, 1));
  return found.length > 0
    ? wrong
    : { field, pointer, name: known, values: values as unknown[], isWrong: false };
};

const distributionProblems = (name: DistributionName, values: unknown, at: Path): Problem[] => {
  const checked =
    name === "choice"
      ? checkAgainst(z.array(z.unknown()).min(1), values, at)
      : checkAgainst(rangeSchema, values, at);
  if (!checked.ok) return checked.problems;
  const [low, high] = values as unknown[];
  if (name === "log_uniform" && typeof low === "number" && low <= 0) {
    return [
      {
        pointer: pointerOf([...at, 0]),
        code: "minimum",
        got: low,
        allowed: "> 0",
        detail: "log_uniform needs ends > 0",
      },
    ];
  }
  if (name === "int_uniform" && !(Number.isSafeInteger(low) && Number.isSafeInteger(high))) {
    return [
      {
        pointer: pointerOf(at),
        code: "wrong_type",
        allowed: "[int, int]",
        detail: "int_uniform needs whole numbers",
      },
    ];
  }
  return [];
};

/** One point a sample; a single empty point without random search, so that the product of a sweep stays simple. */
export const drawPoints = (random: RandomSearch | null): [string, Sourced][][] => {
  if (random === null) return [[]];
  const generator = Generator.seeded(random.samplingSeed, "search");
  return Array.from({ length: random.samples }, () =>
    random.distributions.map((distribution): [string, Sourced] => [
      distribution.field,
      {
        value: distribution.isWrong ? null : draw(distribution, generator),
        pointer: distribution.pointer,
        isWrong: distribution.isWrong,
      },
    ]),
  );
};

const draw = ({ name, values }: Distribution, generator: Generator): unknown => {
  const uniform = generator.uniform();
  if (name === "choice") return values[Math.floor(uniform * values.length)];
  const [low, high] = values as [number, number];
  if (name === "uniform") return low + uniform * (high - low);
  if (name === "int_uniform") return low + Math.floor(uniform * (high - low + 1));
  return Math.exp(Math.log(low) + uniform * (Math.log(high) - Math.log(low)));
};
