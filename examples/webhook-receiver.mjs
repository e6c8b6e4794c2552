// A receiver of the lab's webhooks, with Node's own modules alone: WEBHOOK_SECRET=whsec_... node webhook-receiver.mjs 9000
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const key = Buffer.from((process.env.WEBHOOK_SECRET ?? "").replace(/^whsec_/, ""), "base64");
if (key.length === 0)
  throw new Error("set WEBHOOK_SECRET to the secret that POST /v1/webhooks answered");
const TOLERANCE_SECONDS = 300;
const MAX_BODY_BYTES = 1024 * 1024;

/** Whether a message is the lab's, unchanged and new. */
function isGenuine(headers, body) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!(age <= TOLERANCE_SECONDS)) return false;
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((signature) => {
    const [version, text = ""] = signature.split(",");
    const given = Buffer.from(text, "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

// A message may come twice. A receiver that must not forget keeps them in its database.
const seen = new Set();

const server = createServer((request, response) => {
  const chunks = [];
  let bytes = 0;
  request.on("data", (chunk) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) request.destroy();
    else chunks.push(chunk);
  });
  request.on("end", () => {
    const body = Buffer.concat(chunks).toString("utf8");
    if (!isGenuine(request.headers, body)) {
      response.writeHead(401).end();
      return;
    }
    response.writeHead(204).end();
    const id = request.headers["webhook-id"];
    if (seen.has(id)) return;
    seen.add(id);
    const { type, timestamp, data } = JSON.parse(body);
    console.log(timestamp, type, data.name ?? "", data.id, data.reason_detail ?? "");
  });
});
server.listen(Number(process.argv[2] ?? 9000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/`);
});
