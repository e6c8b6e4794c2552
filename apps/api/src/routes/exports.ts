import { listMetricsOfRuns, listRuns } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { METRIC_COLUMNS, runCells, runColumns } from "../export/columns.js";
import {
  EXPORT_FORMATS,
  type ExportFormat,
  type Table,
  exportTable,
} from "../export/exportTable.js";
import { sweepOr404 } from "../findOr404.js";
import { readerOf } from "../http/authentication.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

/** Runs whose metrics are in memory at once. */
const RUNS_A_PART = 50;

export const exportRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/sweeps/:id/export",
      {
        schema: {
          summary: "A sweep as a table: its runs, or every value they measured",
          description:
            "`table=runs`: a row a run, with its spec (`spec.learning_rate`) and the last of its metrics; `table=metrics`: a " +
            "row a value, with its layer. Of a sweep under way, what is there so far.",
          tags: ["sweeps"],
          params: idParams,
          querystring: z.strictObject({
            format: z.enum(Object.keys(EXPORT_FORMATS) as [ExportFormat]).default("csv"),
            table: z.enum(["runs", "metrics"]).default("runs"),
          }),
          response: {
            200: z.string().meta({ description: "the file; CSV, JSON lines or Parquet" }),
            ...errorResponses(401, 403, 404, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const { format, table } = request.query;
        const reader = readerOf(request);
        const { id } = await sweepOr404(database, reader, request.params.id);
        const runs = await listRuns(database, {
          ...reader,
          sweepId: id,
          limit: Number.MAX_SAFE_INTEGER,
          after: null,
        });
        const columns = runColumns(runs);
        const content: Table =
          table === "runs"
            ? { columns, parts: once(runs.map((run) => runCells(run, columns))) }
            : { columns: METRIC_COLUMNS, parts: metricParts(runs) };
        return reply
          .headers({
            "content-type": EXPORT_FORMATS[format],
            "content-disposition": `attachment; filename="${id}-${table}.${format}"`,
          })
          .serializer((payload: unknown) => payload as string)
          .send((await exportTable(content, format)) as unknown as string);
      },
    );

    async function* metricParts(runs: Awaited<ReturnType<typeof listRuns>>): Table["parts"] {
      for (let start = 0; start < runs.length; start += RUNS_A_PART) {
        const part = runs.slice(start, start + RUNS_A_PART);
        const metrics = await listMetricsOfRuns(
          database,
          part.map(({ id }) => id),
        );
        yield part.flatMap(({ id, name, spec }) =>
          (metrics.get(id) ?? []).map((row) => ({
            run_id: id,
            name,
            seed: (spec as { seed?: number }).seed ?? null,
            weight_update: row.weightUpdate,
            metric: row.name,
            layer: row.layer,
            value: row.value,
          })),
        );
      }
    }
  };

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}
