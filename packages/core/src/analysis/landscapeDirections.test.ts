import { describe, expect, test } from "vitest";
import { EngineError } from "../engine/engineError.js";
import type { NetworkState } from "../engine/engine.js";
import { initialStateOf, networkShapeOf } from "../training/engineOptions.js";
import { smallSpec } from "../training/smallRun.js";
import { parseAnalysis } from "./analysisSettings.js";
import { landscapePlane } from "./landscapeDirections.js";

const spec = smallSpec({ algorithm: "bp" });
const shape = networkShapeOf(spec);
const start = initialStateOf(spec);

const settings = (wire: object) => {
  const parsed = parseAnalysis({ kind: "landscape", resolution: 3, ...wire });
  if (!parsed.ok || parsed.value.kind !== "landscape") throw new Error(JSON.stringify(parsed));
  return parsed.value;
};

/** The start with one weight of its first layer, and one of its last, moved. */
const moved = (first: number, last: number, weightUpdates: number): NetworkState => {
  const layers = start.layers.map((layer) => ({ ...layer, weights: layer.weights.slice() }));
  layers[0].weights[0] += first;
  layers[layers.length - 1].weights[0] += last;
  return { layers, weightUpdates };
};

describe("principal directions", () => {
  const way = [moved(0, 0, 0), moved(4, 0, 5), moved(4, 1, 10), moved(2, 1, 15)];
  const plane = landscapePlane(way, shape, settings({ directions: "principal" }));

  test("hold all of a way that lies in a plane, and end at its origin", () => {
    const { trajectory } = plane;
    expect(trajectory?.weight_updates).toEqual([0, 5, 10, 15]);
    expect(trajectory?.share).toBeCloseTo(1, 12);
    expect(trajectory?.coordinates.at(-1)).toEqual([0, 0]);
    expect(trajectory?.variance_shares?.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  test("are as long as the way along them", () => {
    for (const axis of [0, 1]) {
      const reach = plane.trajectory?.coordinates.map((row) => Math.abs(row[axis])) ?? [];
      expect(Math.max(...reach)).toBeCloseTo(1, 12);
    }
  });

  test("are refused where training went along fewer", () => {
    const straight = [moved(0, 0, 0), moved(1, 0, 1), moved(2, 0, 2), moved(3, 0, 3)];
    expect(() => landscapePlane(straight, shape, settings({ directions: "principal" }))).toThrow(
      EngineError,
    );
    const line = settings({ directions: "principal", dimensions: 1 });
    expect(landscapePlane(straight, shape, line).trajectory?.share).toBeCloseTo(1, 12);
  });
});

test("random directions see little of the way, and say how little", () => {
  const { trajectory } = landscapePlane([start, moved(4, 1, 10)], shape, settings({}));
  expect(trajectory?.share).toBeGreaterThan(0);
  expect(trajectory?.share).toBeLessThan(0.1);
  expect(trajectory?.variance_shares).toBeNull();
});

test("of a network with a weight that is not finite there is no way", () => {
  const broken = moved(Number.POSITIVE_INFINITY, 0, 1);
  expect(landscapePlane([start, broken], shape, settings({})).trajectory).toBeNull();
});
