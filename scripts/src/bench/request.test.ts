import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { parseRequest } from "./request.js";
import { MODELS } from "./workload.js";

describe("the benchmark's arguments", () => {
  test("left out mean the table of every shape", () => {
    expect(parseRequest([])).toMatchObject({
      rows: true,
      targets: false,
      grid: false,
      gpu: false,
      gaussNewton: false,
      peer: false,
      engine: "native",
      shapes: null,
      models: MODELS,
      threads: [...new Set([1, availableParallelism()])],
      rounds: null,
      steps: 256,
      depth: 8,
      quick: false,
      json: null,
    });
  });

  test("that name another part leave that table out, unless it is asked for too", () => {
    expect(parseRequest(["--grid", "--peer"])).toMatchObject({ grid: true, rows: false });
    expect(parseRequest(["--targets", "--rows"])).toMatchObject({ targets: true, rows: true });
  });

  test("choose shapes, models, threads and steps", () => {
    const argv =
      "--shapes 8x4,256x64 --models pc,bp --threads 1,3 --rounds 2 --steps 16 --json out.json";
    expect(parseRequest(argv.split(" "))).toMatchObject({
      shapes: [
        { width: 8, batch: 4 },
        { width: 256, batch: 64 },
      ],
      models: ["pc", "bp"],
      threads: [1, 3],
      rounds: 2,
      steps: 16,
      json: "out.json",
    });
  });

  test("--help is understood beside anything", () => {
    expect(parseRequest(["--grid", "-h"])).toBe("help");
  });

  test.each([
    [["--engine", "quantum"], '--engine "quantum": expected native, reference'],
    [["--models", "pc,lstm"], '--models "lstm": expected pc, '],
    [["--shapes", "256"], '--shapes "256": expected a width and a minibatch size, as 256x64'],
    [["--shapes", "0x64"], '--shapes "0": expected a whole number from 1'],
    [["--shapes", ""], '--shapes ""'],
    [["--threads", "1,two"], '--threads "two": expected a whole number from 1'],
    [["--threads", "0"], '--threads "0"'],
    [["--rounds", "0"], '--rounds "0"'],
    [["--rounds", "1.5"], '--rounds "1.5"'],
    [["--steps", "1e3"], '--steps "1e3"'],
    [["--seed", "-1"], "--seed"],
    [["--gird"], "--gird"],
    [["grid"], "grid"],
    [["--json"], "--json"],
  ])("%j are refused with a sentence", (argv, sentence) => {
    const request = parseRequest(argv);
    expect(request).toHaveProperty("refusal");
    expect((request as { refusal: string }).refusal).toContain(sentence);
  });
});
