import { afterEach, describe, expect, test } from "vitest";
import { UnavailableError } from "../unavailable.js";
import { PeerProcess } from "./peerProcess.js";

const started: PeerProcess[] = [];
afterEach(async () => {
  for (const peer of started.splice(0)) await peer.close();
});

/** A peer whose answer to each line is the value of `body`, in which `request` is what was asked. */
const answering = (body: string): PeerProcess =>
  running(`
    const lines = require("node:readline").createInterface({ input: process.stdin });
    lines.on("line", (line) => {
      const request = JSON.parse(line);
      process.stdout.write(${body} + "\\n");
    });`);

const running = (script: string, program = process.execPath): PeerProcess => {
  const peer = new PeerProcess({ program, args: ["-e", script], environment: process.env });
  started.push(peer);
  return peer;
};

describe("a peer", () => {
  test("answers one request after another", async () => {
    const peer = answering("JSON.stringify({ twice: 2 * request.value })");
    expect(await peer.ask({ value: 3 })).toEqual({ twice: 6 });
    expect(await peer.ask({ value: 4 })).toEqual({ twice: 8 });
  });

  test.each([
    ["that it lacks something", `'{"unavailable":"needs PyTorch 2"}'`, "needs PyTorch 2"],
    ["that it failed", `'{"error":"KeyError: 7"}'`, "KeyError: 7"],
    ["something that is not JSON", `"Running on CPU"`, "it answered Running on CPU"],
    ["no object", `"17"`, "it answered 17"],
    ["null", `"null"`, "it answered null"],
  ])("that answers %s is unavailable", async (_, body, reason) => {
    const asked = answering(body).ask({});
    await expect(asked).rejects.toThrow(UnavailableError);
    await expect(asked).rejects.toThrow(reason);
  });

  test("that ends is unavailable, with the last line of what it wrote to stderr", async () => {
    const peer = running(`console.error("Traceback\\nImportError: no torch"); process.exit(1);`);
    await expect(peer.ask({})).rejects.toThrow("it ended: ImportError: no torch");
    await expect(peer.ask({})).rejects.toThrow(UnavailableError);
  });

  test("that cannot be started is unavailable", async () => {
    const asked = running("", "/no/such/program").ask({});
    await expect(asked).rejects.toThrow(UnavailableError);
    await expect(asked).rejects.toThrow("ENOENT");
  });
});
