/** Every kernel of the engine, by name, for a tile. */
import { gather } from "./gather.js";
import type { Kernel } from "./kernel.js";
import { decide, judge, residuals, sampleEnergies } from "./measures.js";
import { errors, forward, predictFirst } from "./predict.js";
import type { Tile } from "./product.js";
import { activities, backward, residualTiles } from "./pull.js";
import { gradient, update } from "./update.js";

export const kernelsFor = (tile: Tile) =>
  ({
    gather,
    forward: forward(tile),
    judge,
    errors: errors(tile),
    activities: activities(tile),
    sampleEnergies,
    decide,
    residualTiles: residualTiles(tile),
    residuals,
    update: update(tile),
    predictFirst: predictFirst(tile),
    backward: backward(tile),
    gradient: gradient(tile),
  }) satisfies Record<string, Kernel>;

export type KernelName = keyof ReturnType<typeof kernelsFor>;
