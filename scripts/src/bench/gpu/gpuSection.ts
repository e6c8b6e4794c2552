/** `npm run bench -- --gpu`: the webgpu engine by width, minibatch and replicas, against PyTorch on the same GPU. */
import { EngineError, type EngineFactory } from "@pclab/core";
import { describeGpu, probeWebgpu, webgpuEngine } from "@pclab/engine-webgpu";
import { datasetOf, largestTrainSize, proportionalSizes } from "../benchData.js";
import { digits, times } from "../format.js";
import { measureGroup } from "../group.js";
import { paceOf } from "../pacing.js";
import { peerMeasurable } from "../peers/peerHost.js";
import { GPU_VARIANTS } from "../peers/variants.js";
import type { Row } from "../row.js";
import type { Session } from "../sections.js";
import type { Table } from "../table.js";
import type { Shape } from "../workload.js";
import { GPU_REPLICAS, GPU_SHAPES, type GpuCell, measureGpuCell } from "./gpuCells.js";

export async function runGpu(session: Session, options: { allowSoftware: boolean }): Promise<void> {
  const { request, data, report, print, say } = session;
  await probeWebgpu(options);
  const factory = factoryOr((reason) =>
    print({ title: "GPU", header: ["engine"], rows: [[`unavailable: ${reason}`]], notes: [] }),
  );
  if (factory === null) return;
  const { train } = datasetOf(data, proportionalSizes(largestTrainSize(data)));
  const { depth, steps, seed } = request;
  const settings = { depth, steps, seed };
  for (const shape of request.shapes ?? GPU_SHAPES) {
    const cells: GpuCell[] = [];
    for (const replicas of GPU_REPLICAS) {
      say(`GPU: W=${shape.width} B=${shape.batch}, ${replicas} replicas`);
      cells.push(await measureGpuCell({ ...shape, factory, replicas, settings, examples: train }));
    }
    const peers = await peerRows(session, shape);
    report.gpu.push(...cells);
    print(gpuTable(shape, cells, peers, { engine: factory.id, steps }));
  }
}

const factoryOr = (tell: (reason: string) => void): EngineFactory | null => {
  try {
    return webgpuEngine();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    tell(error.message);
    return null;
  }
};

/** Of one run each: PyTorch has no packing. Empty without --peer. */
const peerRows = async (session: Session, shape: Shape): Promise<Row[]> => {
  const { request, peers, say } = session;
  if (peers === null) return [];
  const { depth, steps, seed } = request;
  const { kernelMs: turnMs } = paceOf(request);
  return measureGroup({
    measurables: GPU_VARIANTS.map((variant) => {
      const settings = { depth, steps, seed };
      return peerMeasurable({
        host: peers,
        variant,
        model: "pc",
        shape,
        threads: 1,
        settings,
        turnMs,
      });
    }),
    rounds: request.rounds ?? 3,
    onPreparing: () => say("GPU: PyTorch"),
    onRound: (round) => say(`GPU: PyTorch, round ${round}`),
  });
};

const gpuTable = (
  { width, batch }: Shape,
  cells: readonly GpuCell[],
  peers: readonly Row[],
  { engine, steps }: { engine: string; steps: number },
): Table => {
  const one = cells.find((cell) => cell.replicas === 1);
  const oneMs = one !== undefined && "stepMs" in one ? one.stepMs : null;
  const ours = cells.map((cell) =>
    "unavailable" in cell
      ? [engine, String(cell.replicas), `unavailable: ${cell.unavailable}`]
      : [
          engine,
          String(cell.replicas),
          digits(cell.stepMs * 1e3),
          digits(cell.bestStepMs * 1e3),
          digits(cell.teraflops),
          times(oneMs === null ? null : (cell.replicas * oneMs) / cell.stepMs),
        ],
  );
  const perStep = (milliseconds: number | null): number | null =>
    milliseconds === null ? null : milliseconds / steps;
  const microseconds = (ms: number | null): string => digits(ms === null ? null : ms * 1e3);
  const theirs = peers.map(({ subject, result }) => {
    if ("unavailable" in result) return [subject, "1", `unavailable: ${result.unavailable}`];
    const typical = perStep(result.medianMs);
    return [
      subject,
      "1",
      microseconds(typical),
      microseconds(perStep(result.minimumMs)),
      digits(result.gflops === null ? null : result.gflops / 1e3),
      times(oneMs === null || typical === null ? null : oneMs / typical),
    ];
  });
  const gpu = describeGpu();
  return {
    title: `GPU, pc, W=${width} B=${batch}`,
    header: ["engine", "replicas", "us a step", "best", "TFLOP/s", "throughput of one run"],
    rows: [...ours, ...theirs],
    notes: gpu === null ? [] : [`${gpu.name}, ${gpu.driver}.`],
  };
};
