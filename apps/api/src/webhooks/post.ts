/** One POST of a message: bounded in time, to allowed addresses alone, with no redirect followed and no answer kept. */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { type TargetNetwork, lookupAllowed, refusedLiteral } from "./targets.js";

export interface Post {
  url: string;
  headers: Record<string, string>;
  body: string;
  networks: readonly TargetNetwork[];
  /** For all of it: the name's lookup, the connection, the answer. */
  timeoutMs: number;
}

export interface Answer {
  status: number;
  /** The receiver asks to be left alone for so long. */
  retryAfterSeconds: number | null;
}

/** Of an answer's body, which nobody reads, so much is taken before the connection is cut. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Throws what went wrong before an answer came. The answer's body is not kept: it would show what stands behind the lab's network. */
export const post = async ({ url, headers, body, networks, timeoutMs }: Post): Promise<Answer> => {
  const target = new URL(url);
  // A literal address is connected to without a lookup.
  const refused = refusedLiteral(target, networks);
  if (refused !== null) throw refused;
  const send = target.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = send(target, {
      method: "POST",
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      lookup: lookupAllowed(networks),
      // A connection of its own: a pooled one would have been looked up at another time.
      agent: false,
      signal,
    });
    request.on("error", (error) =>
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs / 1000} s`) : error),
    );
    request.on("response", (response) => {
      const answer = {
        status: response.statusCode ?? 0,
        retryAfterSeconds: secondsOf(response.headers["retry-after"]),
      };
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) response.destroy();
      });
      // The status has come; how the body ends changes nothing.
      response.on("error", () => undefined);
      response.on("close", () => resolve(answer));
    });
    request.end(body);
  });
};

/** In seconds; a date, which a receiver may send as well, asks for no more than the schedule gives. */
const secondsOf = (header: string | undefined): number | null =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : null;
