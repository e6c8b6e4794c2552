/** Cursors of sorted lists: opaque to whoever uses them, checked when they come back. */
import type { RunCursor } from "@pclab/storage";
import { z } from "zod";
import { ApiError } from "../errors/apiError.js";

const cursorSchema = z.tuple([
  z.string().max(64),
  z.union([z.string().max(200), z.number(), z.null()]),
]);

export const printCursor = ({ id, value }: RunCursor): string =>
  Buffer.from(JSON.stringify([id, value])).toString("base64url");

/** @throws ApiError validation */
export const parseCursor = (text: string): RunCursor => {
  try {
    const [id, value] = cursorSchema.parse(
      JSON.parse(Buffer.from(text, "base64url").toString("utf8")),
    );
    return { id, value };
  } catch {
    throw new ApiError("validation", {
      problems: [
        {
          pointer: "#/query/cursor",
          code: "format",
          got: text,
          detail:
            "is no cursor of this list; take next_cursor of the page before, with the same sort",
        },
      ],
    });
  }
};
