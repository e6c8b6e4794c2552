/** A checkpoint over HTTP, as it is stored or for NumPy: ETag, conditional and range requests (RFC 9110, sections 13 and 14). */
import { Readable } from "node:stream";
import { readSafetensors } from "@pclab/core";
import {
  type CheckpointRow,
  type Database,
  readCheckpoint,
  readCheckpointRange,
} from "@pclab/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "../errors/apiError.js";
import { writeNpz } from "../export/npz.js";
import { sha256Hex } from "../views/checkpointView.js";
import { parseByteRange } from "./byteRange.js";

export const sendCheckpoint = async (
  database: Database,
  checkpoint: CheckpointRow,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const sizeBytes = Number(checkpoint.sizeBytes);
  const etag = `"${sha256Hex(checkpoint)}"`;
  reply.headers({ etag, "accept-ranges": "bytes" });
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  const ifRange = request.headers["if-range"];
  const isSame = ifRange === undefined || ifRange === etag;
  const range = isSame ? parseByteRange(request.headers.range, sizeBytes) : null;
  if (range === "unsatisfiable") {
    throw new ApiError("range_not_satisfiable", {
      detail: `the checkpoint has ${sizeBytes} bytes`,
      headers: { "content-range": `bytes */${sizeBytes}` },
    });
  }
  const { first, last } = range ?? { first: 0, last: sizeBytes - 1 };
  if (range !== null) {
    reply.code(206).header("content-range", `bytes ${first}-${last}/${sizeBytes}`);
  }
  return reply
    .headers({
      "content-type": "application/octet-stream",
      "content-length": last - first + 1,
      "content-disposition": `attachment; filename="${checkpoint.id}.safetensors"`,
    })
    .send(Readable.from(readCheckpointRange(database, checkpoint.id, { first, last })));
};

/** Made from the tensors each time; they are held in memory meanwhile, which takes the checkpoint's size twice. */
export const sendNpz = async (
  database: Database,
  checkpoint: CheckpointRow,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const etag = `"${sha256Hex(checkpoint)}-npz"`;
  reply.header("etag", etag);
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  const { tensors } = readSafetensors(await readCheckpoint(database, checkpoint));
  return reply
    .headers({
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${checkpoint.id}.npz"`,
    })
    .send(Readable.from(writeNpz(tensors)));
};
