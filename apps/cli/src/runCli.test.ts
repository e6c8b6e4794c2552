import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { runCli } from "./runCli.js";

/** Without a lab: what is wrong is told before anything is asked. */
const pclab = async (...argv: string[]) => {
  const [output, errors] = [new PassThrough(), new PassThrough()];
  const status = await runCli({
    argv,
    // A port that nobody can listen on.
    environment: { LAB: "http://127.0.0.1:1" },
    cwd: "/",
    input: new PassThrough().end(),
    output,
    errors,
    signal: new AbortController().signal,
  });
  output.end();
  errors.end();
  return { status, output: await text(output), errors: await text(errors) };
};

describe("a command line that makes no sense ends with 2 and says what to type", () => {
  test.each([
    [["lss"], "unknown command 'lss' (Did you mean ls?)"],
    [["submit", "--wach"], "unknown option '--wach' (Did you mean --watch?)"],
    [["submit"], "which file?"],
    [["submit", "a.yaml", "--preset", "paper"], "takes no file"],
    [["submit", "a.yaml", "--scale", "smoke"], "belong to --preset"],
    [["submit", "/no/such/file.yaml"], "cannot be read"],
    [["submit", "-"], "standard input is empty"],
    [["submit", "-", "--key", "a", "--force"], "cannot be used with"],
    [["submit", "--preset", "paper", "--set", "epochs"], "should look like epochs=2"],
    [["watch", "nothing"], "'nothing' is no id"],
    [["pause", "ana_1"], "'ana_1' is no id"],
    [["show", "run_../../me"], "is no id"],
    [["ls", "--limit", "few"], "'few' is not a whole number"],
    [
      ["tokens", "create", "x", "--scope", "read", "--expires-in-days", "-1"],
      "not a number above 0",
    ],
    [["tokens", "create", "x"], "--scope"],
    [["compare", "run_1"], "compares with nothing"],
    [["plot", "run_1", "--format", "gif"], "Allowed choices are svg, png"],
    [["completion", "tcsh"], "Allowed choices are bash, zsh, fish"],
    [["cancel"], "missing required argument 'id'"],
    [["ls", "--lab", "ftp://x"], "--lab is 'ftp://x'"],
  ])("%j", async (argv, message) => {
    const { status, output, errors } = await pclab(...argv);
    expect([status, output]).toEqual([2, ""]);
    expect(errors).toContain(message);
  });
});

test("help and version go to standard output, with 0", async () => {
  expect(await pclab("--version")).toEqual({ status: 0, output: "0.1.0\n", errors: "" });
  const help = await pclab("submit", "--help");
  expect(help.status).toBe(0);
  expect(help.output).toContain("--dry-run");
  expect(help.output).toContain("--json");
});

test("a lab that is not there is a 3, and with --json the error is JSON", async () => {
  const { status, errors } = await pclab("ls", "--json");
  expect(status).toBe(3);
  expect(JSON.parse(errors)).toMatchObject({ exit_code: 3, ways_out: [expect.any(String)] });
});

test("completion without a lab still knows commands and options", async () => {
  expect((await pclab("__complete", "tokens", "r")).output).toMatch(/^rotate\t.*\nrevoke\t/);
  expect((await pclab("__complete", "export", "x", "--format", "")).output).toBe(
    "csv\njsonl\nparquet\n",
  );
  expect((await pclab("__complete", "submit", "")).output).toBe(":files\n");
  expect(await pclab("__complete", "show", "")).toEqual({ status: 0, output: "", errors: "" });
});
