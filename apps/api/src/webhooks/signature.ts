/** Signatures as the Standard Webhooks convention has them: https://www.standardwebhooks.com */
import { createHmac } from "node:crypto";
import { SECRET_PREFIX } from "./secretBox.js";

export interface Signed {
  id: string;
  /** Seconds since 1970, of the try: a receiver refuses what is old. */
  timestampSeconds: number;
  body: string;
}

/** One signature for each secret, so that a receiver that knows either accepts the message. */
export const signatureHeaders = (
  { id, timestampSeconds, body }: Signed,
  secrets: readonly string[],
): Record<string, string> => ({
  "webhook-id": id,
  "webhook-timestamp": String(timestampSeconds),
  "webhook-signature": secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
      const text = `${id}.${timestampSeconds}.${body}`;
      return `v1,${createHmac("sha256", key).update(text).digest("base64")}`;
    })
    .join(" "),
});
