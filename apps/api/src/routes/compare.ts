import { comparisonSchema } from "@pclab/contracts";
import { type MetricName, METRIC_NAMES, canonicalJson, flattenSpec } from "@pclab/core";
import { SHOWN_METRICS } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { runOr404 } from "../findOr404.js";
import { readerOf } from "../http/authentication.js";
import { viewRuns } from "../views/runView.js";
import { commaSeparated } from "./commaSeparated.js";
import { errorResponses } from "./errorResponses.js";

const MOST_RUNS = 50;

export const compareRoutes =
  ({ database, line }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/compare",
      {
        schema: {
          summary: "Runs side by side: what differs in their specs, and what they reached",
          tags: ["runs"],
          querystring: z.strictObject({
            runs: commaSeparated(z.string().regex(/^[\w-]{1,64}$/))
              .unwrap()
              .refine((ids) => ids.length <= MOST_RUNS, `at most ${MOST_RUNS} runs`)
              .meta({ description: "ids, comma-separated" }),
          }),
          response: { 200: comparisonSchema, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request) => {
        const reader = readerOf(request);
        const rows = await Promise.all(
          request.query.runs.map((id) => runOr404(database, reader, id)),
        );
        const runs = await viewRuns(line, rows);
        const specs = runs.map(({ spec }) => flattenSpec(spec));
        const fields = [...new Set(specs.flatMap((spec) => Object.keys(spec)))];
        const differs = (field: string): boolean =>
          new Set(specs.map((spec) => canonicalJson(spec[field] ?? null))).size > 1;
        return {
          runs: runs.map(({ id, name, state }) => ({ id, name, state })),
          differing: fields
            .filter(differs)
            .map((field) => ({ field, values: specs.map((spec) => spec[field] ?? null) })),
          shared: Object.fromEntries(
            fields.filter((field) => !differs(field)).map((field) => [field, specs[0]?.[field]]),
          ),
          metrics: METRIC_NAMES.filter((name) => shown.has(name)).map((name) => ({
            name,
            values: runs.map(({ metrics }) => metrics[name] ?? null),
          })),
        };
      },
    );
  };

const shown: ReadonlySet<MetricName> = new Set(SHOWN_METRICS);
