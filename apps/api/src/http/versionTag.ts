/**
 * ETags of resources that can be changed: the version that `If-Match` is compared with, and a hash of the rest, which moves
 * by itself while a run trains.
 */
import { createHash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../errors/apiError.js";

export const tagVersion = (reply: FastifyReply, version: number, body: unknown): void => {
  const hash = createHash("sha256").update(JSON.stringify(body)).digest("base64url").slice(0, 16);
  void reply.header("etag", `"v${version}-${hash}"`);
};

/** Null without the header, and for `*`, which any version matches. @throws ApiError precondition_failed */
export const versionWanted = (request: FastifyRequest): number | null => {
  const header = request.headers["if-match"];
  if (header === undefined || header === "*") return null;
  const match = /^"v(\d{1,9})(?:-[\w-]+)?"$/.exec(header.trim());
  if (match === null) throw stale(header);
  return Number(match[1]);
};

export const stale = (header = "its version"): ApiError =>
  new ApiError("precondition_failed", {
    detail: `the resource has changed since ${header}; read it again, then repeat with its present ETag`,
  });
