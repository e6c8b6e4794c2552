/**
 * Signing secrets. A message is signed with the secret itself, so the database cannot keep a hash of it: it keeps the
 * secret sealed (AES-256-GCM) with a key that is not in the database. A copy of the database alone signs nothing.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

export const SECRET_PREFIX = "whsec_";

/** 192 random bits, as the Standard Webhooks convention asks for at least. */
export const newSecret = (): string => `${SECRET_PREFIX}${randomBytes(24).toString("base64")}`;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Sealed with another key, for another webhook, or damaged. */
export class SealedSecretError extends Error {
  override name = "SealedSecretError";

  constructor() {
    super(
      "its secret was sealed with another PCLAB_WEBHOOK_KEY and cannot be opened; " +
        "give the server that key back, or make a new secret with POST /v1/webhooks/{id}/rotate",
    );
  }
}

/** The server was given no key and can keep none. */
export class SecretKeyMissingError extends Error {
  override name = "SecretKeyMissingError";
}

export interface SecretBox {
  /** A sealed secret opens for its own webhook alone. @throws SecretKeyMissingError */
  seal(secret: string, webhookId: string): Uint8Array<ArrayBuffer>;
  /** @throws SealedSecretError, SecretKeyMissingError */
  open(sealed: Uint8Array, webhookId: string): string;
}

/** @param key 32 bytes */
export const openSecretBox = (key: Uint8Array): SecretBox => ({
  seal: (secret, webhookId) => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(webhookId));
    const text = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
    return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), text]));
  },
  open: (sealed, webhookId) => {
    const textStart = NONCE_BYTES + TAG_BYTES;
    try {
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(Buffer.from(webhookId))
        .setAuthTag(sealed.subarray(NONCE_BYTES, textStart));
      return Buffer.concat([
        decipher.update(sealed.subarray(textStart)),
        decipher.final(),
      ]).toString("utf8");
    } catch {
      // Whatever node:crypto says of it, it is one of the three.
      throw new SealedSecretError();
    }
  },
});

/** Of a server without a key: the rest of it works. */
export const lockedSecretBox = (why: string): SecretBox => {
  const refuse = (): never => {
    throw new SecretKeyMissingError(why);
  };
  return { seal: refuse, open: refuse };
};
