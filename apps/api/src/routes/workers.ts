import { workerSchema } from "@pclab/contracts";
import { type WorkerRow, listWorkers, requestDrain } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import type { Columns } from "../http/textTables.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

type WorkerBody = z.output<typeof workerSchema>;

const COLUMNS: Columns = [
  ["id", ({ id }: WorkerBody) => id],
  ["host", ({ host }: WorkerBody) => host],
  ["state", ({ state }: WorkerBody) => state],
  ["slots", ({ slots }: WorkerBody) => `${slots.busy}/${slots.total}`],
  ["engines", ({ engines }: WorkerBody) => engines],
  ["gpu", ({ gpu }: WorkerBody) => gpu?.name ?? null],
  ["heard of", (worker: WorkerBody) => worker.heartbeat_at],
];

const ACTIONS = {
  drain: "Ask a worker to take nothing further; what it trains goes on",
  undrain: "Let a drained worker take work again",
} as const;

export const workerRoutes =
  ({ database, leaseMs }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/workers",
      {
        config: { columns: COLUMNS },
        schema: {
          summary: "Workers heard of within a day, the latest first",
          tags: ["workers"],
          response: {
            200: z.object({ data: z.array(workerSchema) }),
            ...errorResponses(401, 403, 429, 503),
          },
        },
      },
      async () => ({
        data: (await listWorkers(database)).map((row) => viewWorker(row, leaseMs)),
      }),
    );

    for (const action of ["drain", "undrain"] as const) {
      app.post(
        `/v1/workers/:id/${action}`,
        {
          config: { scope: "operate" },
          schema: {
            summary: ACTIONS[action],
            description: "202; asking again is a 200 that changes nothing.",
            tags: ["workers"],
            params: idParams,
            response: {
              200: workerSchema,
              202: workerSchema,
              ...errorResponses(401, 403, 404, 429, 503),
            },
          },
        },
        async (request, reply) => {
          const { id } = request.params;
          const outcome = await requestDrain(database, id, action === "drain");
          if (outcome === null) {
            throw new ApiError("not_found", { detail: `there is no worker ${id} that runs` });
          }
          return reply.code(outcome.changed ? 202 : 200).send(viewWorker(outcome.worker, leaseMs));
        },
      );
    }
  };

const viewWorker = (row: WorkerRow, leaseMs: number): WorkerBody => ({
  id: row.id,
  host: row.host,
  pid: row.pid,
  state: stateOf(row, leaseMs),
  slots: { total: row.slots, busy: row.busySlots },
  engines: row.engines,
  gpu:
    row.gpu === null
      ? null
      : {
          name: row.gpu.name,
          driver: row.gpu.driver,
          index: row.gpu.index,
          memory_bytes: row.gpu.memoryBytes,
        },
  version: row.version,
  started_at: row.startedAt.toISOString(),
  heartbeat_at: row.heartbeatAt.toISOString(),
});

const stateOf = (row: WorkerRow, leaseMs: number): WorkerBody["state"] => {
  if (row.stoppedAt !== null) return "stopped";
  if (Date.now() - row.heartbeatAt.getTime() > leaseMs) return "lost";
  return row.draining || row.drainRequestedAt !== null ? "draining" : "working";
};
