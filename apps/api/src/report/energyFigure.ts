/** How Q at the end of inference falls while a run trains, layer by layer. */
import type { MetricRow } from "@pclab/core";
import { type FigureSpec, linesFigure } from "@pclab/plots";

/** Layers beyond are told by the table of metrics: more lines than these cannot be told apart. */
const MOST_LAYERS = 10;

/** @param rows all metrics of the run, as they are stored; a run of bp has no energy, and the figure says so */
export const energyFigure = (rows: readonly MetricRow[]): FigureSpec => {
  const epochs = new Map(
    rows.filter(({ name }) => name === "epoch").map((row) => [row.weightUpdate, row.value]),
  );
  const energies = rows.filter(({ name, layer }) => name === "quadratic_energy" && layer !== null);
  const layers = [...new Set(energies.map(({ layer }) => layer))].slice(0, MOST_LAYERS);
  return linesFigure(
    [
      {
        yTitle: "Q per sample",
        yScale: "log",
        series: layers.map((layer) => ({
          name: `layer ${layer}`,
          seeds: [
            energies
              .filter((row) => row.layer === layer)
              .map(({ weightUpdate, value }) => ({ x: epochs.get(weightUpdate) ?? 0, y: value })),
          ],
        })),
      },
    ],
    { xTitle: "Epoch", defaultTitle: "Quadratic energy" },
  );
};
