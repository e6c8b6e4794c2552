import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { type FigureSpec, renderSvg } from "@pclab/plots";
import { renderPng } from "@pclab/plots/png";
import { listMetrics, readResults } from "@pclab/storage";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { sweepOr404 } from "../findOr404.js";
import { readerOf } from "../http/authentication.js";
import { energyFigure } from "../report/energyFigure.js";
import { FIGURE_PLOTS, PLOTS } from "../report/figures.js";
import { type Network, networksOf } from "../report/networks.js";
import { MOST_RUNS, readReport } from "../report/report.js";
import { reportHtml } from "../report/reportHtml.js";
import { reportMarkdown } from "../report/reportMarkdown.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

const plotParams = idParams.extend({
  plot: z
    .string()
    .max(100)
    .meta({
      description: `${Object.keys(PLOTS).join(", ")}; or ${Object.keys(FIGURE_PLOTS).join(", ")}; with .svg or .png`,
    }),
});

const plotQuery = z.strictObject({
  network: z
    .string()
    .max(100)
    .optional()
    .meta({ description: "of a sweep with several: `fashion-mnist-256-8`; default the first" }),
  theme: z.enum(["light", "dark"]).default("light"),
  scale: z
    .enum(["log", "linear"])
    .optional()
    .meta({ description: "of a landscape's values; default log" }),
  clip: z.coerce
    .number()
    .positive()
    .optional()
    .meta({ description: "of a landscape: values above are drawn as this one" }),
});
type PlotQuery = z.output<typeof plotQuery>;

const file = z
  .string()
  .meta({ description: "text/html, text/markdown, image/svg+xml or image/png" });

export const reportRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    const findSweepOr404 = (request: FastifyRequest, id: string) =>
      sweepOr404(database, readerOf(request), id);

    app.get(
      "/v1/sweeps/:id/report",
      {
        schema: {
          summary: "A report: models, figures, claims, environment; of a running sweep, so far",
          description:
            "`format=html` is one self-contained file, `format=md` has its figures as links. The paper's sweep has the " +
            "fourteen claims, each with its statistic, its interval over seeds and its verdict.",
          tags: ["reports"],
          params: idParams,
          querystring: z.strictObject({ format: z.enum(["html", "md"]).default("html") }),
          response: { 200: file, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const sweep = await findSweepOr404(request, request.params.id);
        const report = await readReport(database, sweep);
        if (request.query.format === "md") {
          const markdown = reportMarkdown(
            report,
            (plot, network) => `/v1/sweeps/${sweep.id}/plots/${plot}.svg?network=${network}`,
          );
          return send(reply, "text/markdown; charset=utf-8", markdown);
        }
        const figures: string[] = [];
        for (const { plot, network } of report.figures) {
          const spec = PLOTS[plot]?.draw(network, {});
          figures.push(spec === undefined ? "" : await renderSvg(spec));
        }
        return send(reply, "text/html; charset=utf-8", reportHtml(report, figures));
      },
    );

    app.get(
      "/v1/sweeps/:id/plots/:plot",
      {
        schema: {
          summary: "A figure of a sweep, as SVG or PNG",
          tags: ["reports"],
          params: plotParams,
          querystring: plotQuery,
          response: { 200: file, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const sweep = await findSweepOr404(request, request.params.id);
        const { userId, id: sweepId } = sweep;
        const { results } = await readResults(database, { userId, sweepId }, MOST_RUNS);
        return sendPlot(reply, networksOf(results), request.params.plot, request.query);
      },
    );

    app.get(
      "/v1/runs/:id/plots/:plot",
      {
        schema: {
          summary:
            "A figure of a run, as SVG or PNG: a sweep's, or `energy`, Q per layer over training",
          tags: ["reports"],
          params: plotParams,
          querystring: plotQuery.omit({ network: true }),
          response: { 200: file, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const { id, plot } = request.params;
        const { results } = await readResults(database, { ...readerOf(request), id }, 1);
        if (results.length === 0)
          throw new ApiError("not_found", { detail: `there is no run ${id} of yours` });
        if (splitFile(plot).name === "energy") {
          const rows = await listMetrics(database, { runId: id });
          return sendFigure(reply, energyFigure(rows), plot, request.query);
        }
        return sendPlot(reply, networksOf(results).map(asIfUndecayed), plot, request.query);
      },
    );
  };

/** A run's own figures are those of its model, whatever its weight decay. */
const asIfUndecayed = (network: Network): Network => ({
  ...network,
  models: network.models.length > 0 ? network.models : network.decays,
  decays: [],
});

const findPlot = (name: string) => {
  const known = FIGURE_PLOTS[name] ?? name;
  return Object.hasOwn(PLOTS, known) ? PLOTS[known] : undefined;
};

const noPlot = (file: string, names: readonly string[]): ApiError =>
  new ApiError("not_found", {
    detail: `there is no plot '${file}'; there are ${names.join(", ")}, each with .svg or .png`,
  });

const sendPlot = async (
  reply: FastifyReply,
  networks: readonly Network[],
  file: string,
  { network: wanted, ...query }: PlotQuery,
): Promise<FastifyReply> => {
  const { name } = splitFile(file);
  const plot = findPlot(name);
  if (plot === undefined) throw noPlot(file, Object.keys(PLOTS));
  const network =
    wanted === undefined
      ? (networks.find(plot.has) ?? networks[0])
      : networks.find(({ id }) => id === wanted);
  if (network === undefined) {
    throw new ApiError("not_found", {
      detail: `there is no network '${wanted}' in the sweep; there are ${networks.map(({ id }) => id).join(", ")}`,
    });
  }
  return sendFigure(reply, plot.draw(network, withoutUndefined(query)), file, query);
};

const sendFigure = async (
  reply: FastifyReply,
  figure: FigureSpec,
  file: string,
  { theme }: Pick<PlotQuery, "theme">,
): Promise<FastifyReply> => {
  const { format } = splitFile(file);
  if (format === "") throw noPlot(file, Object.keys(PLOTS));
  const svg = await renderSvg(figure, { theme });
  return format === "svg"
    ? send(reply, "image/svg+xml", svg)
    : send(reply, "image/png", Buffer.from(await renderPng(svg)));
};

/** "landscape.svg"; the format is empty where it is neither. */
const splitFile = (file: string): { name: string; format: "svg" | "png" | "" } => {
  if (file.endsWith(".svg")) return { name: file.slice(0, -4), format: "svg" };
  if (file.endsWith(".png")) return { name: file.slice(0, -4), format: "png" };
  return { name: "", format: "" };
};

const withoutUndefined = ({ scale, clip }: Pick<PlotQuery, "scale" | "clip">) => ({
  ...(scale === undefined ? {} : { scale }),
  ...(clip === undefined ? {} : { clip }),
});

/** As it is: no schema describes these bodies. */
const send = (reply: FastifyReply, type: string, body: string | Buffer): FastifyReply =>
  reply
    .type(type)
    .serializer((payload: string) => payload)
    .send(body);
