/** `Accept: text/plain`: lists as aligned tables, single resources as YAML, for people at a terminal. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { stringify } from "yaml";

/** A heading, and what stands under it. */
export type Columns = readonly (readonly [string, (row: never) => unknown])[];

declare module "fastify" {
  interface FastifyContextConfig {
    /** Of a list: its columns. */
    columns?: Columns;
  }
}

export const answerText = (app: FastifyInstance): void => {
  app.addHook("preSerialization", async (request, reply, payload: unknown) => {
    if (!wantsText(request) || reply.statusCode >= 300) return payload;
    if (typeof payload !== "object" || payload === null) return payload;
    const { columns } = request.routeOptions.config;
    const { data } = payload as { data?: unknown };
    const text =
      columns !== undefined && Array.isArray(data)
        ? textTable(columns, data as object[])
        : stringify(payload);
    reply.type("text/plain; charset=utf-8").serializer((ready: unknown) => ready as string);
    return text;
  });
};

const wantsText = ({ headers, routeOptions }: FastifyRequest): boolean =>
  routeOptions.config.public !== true && (headers.accept ?? "").trim().startsWith("text/plain");

export const textTable = (columns: Columns, rows: readonly object[]): string => {
  const cells = [
    columns.map(([heading]) => heading.toUpperCase()),
    ...rows.map((row) => columns.map(([, of]) => printed(of(row as never)))),
  ];
  const widths = columns.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
};

const printed = (value: unknown): string => {
  if (value === null || value === undefined || value === "") return "-";
  if (typeof value === "number") return String(Number(value.toPrecision(5)));
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.join(",");
  // A line of its own would break the table.
  return (typeof value === "string" ? value : JSON.stringify(value)).replace(/\s+/g, " ");
};
