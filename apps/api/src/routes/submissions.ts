/** Everything that becomes new runs: a sweep, a single run, a run once more. */
import { planSchema, runSchema, sweepBodySchema } from "@pclab/contracts";
import { type Problem, partialSpecSchema, sweepSchema } from "@pclab/core";
import { listRuns } from "@pclab/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { runOr404 } from "../findOr404.js";
import { callerOf, readerOf } from "../http/authentication.js";
import { checkSweep, submitSweep } from "../submitSweep.js";
import { planSweep } from "../views/planView.js";
import { viewOneRun } from "../views/runView.js";
import { viewSweep } from "../views/sweepView.js";
import { BODY_EXAMPLES } from "./bodyExamples.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

const MAX_KEY_LENGTH = 255;

const keyHeaders = z.object({
  "idempotency-key": z.string().min(1).max(MAX_KEY_LENGTH).optional(),
});

const SUBMISSION_ERRORS = [400, 401, 403, 409, 413, 415, 422, 429, 503] as const;

export const submissionRoutes =
  (context: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    const { database, line } = context;
    app.post(
      "/v1/sweeps",
      {
        schema: {
          summary: "Submit a sweep",
          description:
            "JSON or YAML. `dry_run=true` answers with the plan and stores nothing. With an `Idempotency-Key` a repeated " +
            "request is answered with the first answer (`Idempotency-Replayed: true`) and stores nothing.",
          tags: ["sweeps"],
          headers: keyHeaders,
          querystring: z.strictObject({ dry_run: z.enum(["true", "false"]).default("false") }),
          body: sweepSchema.meta({ examples: BODY_EXAMPLES.sweep }),
          response: {
            200: planSchema,
            201: sweepBodySchema,
            ...errorResponses(...SUBMISSION_ERRORS),
          },
        },
      },
      async (request, reply) => {
        const { body } = request;
        const caller = callerOf(request);
        const checked = await checkSweep(context, caller, body);
        if (request.query.dry_run === "true")
          return reply.code(200).send(await planSweep(context, checked.sweep, checked.forecast));
        const outcome = await submitSweep(context, {
          caller,
          body,
          checked,
          idempotencyKey: request.headers["idempotency-key"],
          answer: viewSweep,
        });
        const replayed = "replayed" in outcome;
        if (replayed) void reply.header("idempotency-replayed", "true");
        const answer = replayed
          ? sweepBodySchema.parse(outcome.replayed.response)
          : viewSweep(outcome.stored);
        return reply.code(201).header("location", `/v1/sweeps/${answer.id}`).send(answer);
      },
    );

    /** A sweep of one run; a repeated request is answered with the run as it is now. */
    const submitOne = async (
      request: FastifyRequest,
      reply: FastifyReply,
      body: unknown,
    ): Promise<FastifyReply> => {
      const caller = callerOf(request);
      const checked = await checkSweep(context, caller, body);
      const outcome = await submitSweep(context, {
        caller,
        body,
        checked,
        idempotencyKey: (request.headers as z.output<typeof keyHeaders>)["idempotency-key"],
        answer: viewSweep,
      });
      const replayed = "replayed" in outcome;
      if (replayed) void reply.header("idempotency-replayed", "true");
      const sweepId = replayed
        ? sweepBodySchema.parse(outcome.replayed.response).id
        : outcome.stored.id;
      const [run] = await listRuns(database, {
        userId: caller.user.id,
        sweepId,
        limit: 1,
        after: null,
      });
      if (run === undefined) throw new ApiError("not_found", { detail: "the run was deleted" });
      return reply
        .code(201)
        .header("location", `/v1/runs/${run.id}`)
        .send(await viewOneRun(line, run));
    };

    app.post(
      "/v1/runs",
      {
        schema: {
          summary: "Submit a single run: the body is its spec",
          description:
            "A sweep of one run is made for it. `Idempotency-Key` works as with a sweep.",
          tags: ["runs"],
          headers: keyHeaders,
          body: partialSpecSchema.meta({ examples: BODY_EXAMPLES.run }),
          response: { 201: runSchema, ...errorResponses(...SUBMISSION_ERRORS) },
        },
      },
      async (request, reply) =>
        withoutPrefix("#/base", () => submitOne(request, reply, { base: request.body ?? {} })),
    );

    app.post(
      "/v1/runs/:id/clone",
      {
        schema: {
          summary: "The same run once more, with the fields of the body laid over its spec",
          tags: ["runs"],
          params: idParams,
          headers: keyHeaders,
          body: partialSpecSchema.meta({ examples: BODY_EXAMPLES.clone }),
          response: { 201: runSchema, ...errorResponses(...SUBMISSION_ERRORS, 404) },
        },
      },
      async (request, reply) => {
        const run = await runOr404(database, readerOf(request), request.params.id);
        return withoutPrefix("#/runs/0", () =>
          submitOne(request, reply, {
            name: `clone of ${run.name}`,
            base: run.spec,
            runs: [request.body ?? {}],
          }),
        );
      },
    );
  };

/** The body is one part of a sweep's: pointers are to be those of what was sent. */
const withoutPrefix = async <T>(prefix: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError) || error.details.problems === undefined) throw error;
    const problems = error.details.problems.map(
      (problem): Problem => ({
        ...problem,
        pointer: problem.pointer.startsWith(prefix)
          ? `#${problem.pointer.slice(prefix.length)}`
          : problem.pointer,
      }),
    );
    throw new ApiError(error.code, { ...error.details, problems });
  }
};
