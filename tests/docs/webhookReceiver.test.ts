/** The receiver of docs/WEBHOOKS.md, run as it stands: what the convention's own library signs, it takes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("../../examples/webhook-receiver.mjs", import.meta.url));

test("the example takes what is signed and new, once, and refuses what is not", async () => {
  const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
  const receiver = spawn(process.execPath, [script, "0"], {
    env: { ...process.env, WEBHOOK_SECRET: secret },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let output = "";
    receiver.stdout.setEncoding("utf8");
    receiver.stdout.on("data", (text: string) => {
      output += text;
    });
    await once(receiver.stdout, "data");
    const address = /http:\S+/.exec(output)?.[0] ?? "";
    const body = JSON.stringify({
      type: "run.succeeded",
      timestamp: "2026-11-29T00:00:00Z",
      data: { id: "run_1", name: "pc_256_8" },
    });
    const send = async (signedWith: string, at: Date, text = body): Promise<number> => {
      const answer = await fetch(address, {
        method: "POST",
        body: text,
        headers: {
          "webhook-id": "msg_1",
          "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
          "webhook-signature": `v1,AAAA ${new Webhook(signedWith).sign("msg_1", at, body)}`,
        },
      });
      return answer.status;
    };
    const now = new Date();
    expect(await send(secret, now)).toBe(204);
    expect(await send(secret, now)).toBe(204);
    expect(await send(`whsec_${Buffer.alloc(24).toString("base64")}`, now)).toBe(401);
    expect(await send(secret, now, body.replace("run_1", "run_2"))).toBe(401);
    expect(await send(secret, new Date(now.getTime() - 600_000))).toBe(401);
    expect(output.match(/run\.succeeded pc_256_8 run_1/g)).toHaveLength(1);
  } finally {
    const gone = once(receiver, "exit");
    receiver.kill();
    await gone;
  }
});
