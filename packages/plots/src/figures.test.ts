import { describe, expect, test } from "vitest";
import {
  type FigureSpec,
  type Landscape,
  accuracyAndTimeFigure,
  landscapeFigure,
  landscapeSurfaceFigure,
  learningCurveFigure,
  linesFigure,
  outerLayers,
  renderSvg,
  weightDistributionsFigure,
} from "./index.js";
import { renderPng } from "./renderPng.js";

/** Of the light theme. */
const GAP_COLOUR = "#bdbdbd";

const resolution = 5;

/** A bowl with the lowest value at the origin, and one value of its own at the end of both directions. */
const landscape = (name: string, corner: number | null = 2): Landscape => ({
  name,
  resolution,
  x: [-1, 1],
  y: [-1, 1],
  values: Array.from({ length: resolution ** 2 }, (_, index) => {
    if (index === resolution ** 2 - 1) return corner;
    const [a, b] = [Math.floor(index / resolution) - 2, (index % resolution) - 2];
    return 0.1 + a * a + b * b;
  }),
});

const histogram = { from: -1, to: 1, counts: [1, 4, 8, 4, 1] };
const distribution = { now: { mean: 0, sd: 0.4, histogram }, initial: { histogram } };

const models = (names: readonly string[]) =>
  names.map((name) => ({
    name,
    layers: [1, 2, 3].map((layer) => ({ layer, seeds: [distribution, distribution] })),
  }));

const curve = (name: string) => ({
  name,
  seeds: [0, 1].map((seed) => ({
    points: [1, 2, 3].map((epoch) => ({
      epoch,
      testAccuracy: 0.8 + 0.01 * epoch + 0.001 * seed,
      trainLoss: 0.2 / epoch,
      testLoss: epoch === 2 ? null : 0.3 / epoch,
    })),
  })),
});

const outcome = (name: string) => ({
  name,
  seeds: [0.84, 0.85].map((testAccuracy) => ({
    testAccuracy,
    trainingSeconds: 10 * testAccuracy,
    secondsToConvergence: 3,
    timing: "exclusive" as const,
  })),
});

const lines = (name: string) =>
  linesFigure(
    [
      {
        yTitle: "Cosine",
        series: [
          {
            name,
            seeds: [
              [
                { x: 0, y: 1 },
                { x: 1, y: 0.5 },
              ],
            ],
          },
        ],
      },
    ],
    {
      xTitle: "Layer",
      xScale: "logWithZero",
      defaultTitle: "Alignment",
    },
  );

/** Every figure, of one model of this name. */
const figuresOf = (name: string): Record<string, FigureSpec> => ({
  accuracy: accuracyAndTimeFigure([outcome(name)]),
  curve: learningCurveFigure([curve(name), curve("other")], { lossUnit: "per sample" }),
  landscape: landscapeFigure([landscape(name), landscape("other", null)]),
  surface: landscapeSurfaceFigure([landscape(name), landscape("other", null)], { clip: 3 }),
  weights: weightDistributionsFigure(models([name, "other"])),
  lines: lines(name),
});

const HOSTILE = [
  "<script>alert(1)</script>",
  "${x}",
  '" onload="x',
  "datum.x",
  "$&",
  "a".repeat(300),
];

describe.each(Object.keys(figuresOf("bp")))("the figure %s", (kind) => {
  const render = (name: string, theme: "light" | "dark" = "light") => {
    const spec = figuresOf(name)[kind];
    if (spec === undefined) throw new Error(kind);
    return renderSvg(spec, { theme });
  };

  test("is the same bytes each time, without a number that is none", async () => {
    const svg = await render("bp_64_8");
    expect((await render("bp_64_8")) === svg).toBe(true);
    expect(/NaN|undefined|Infinity/.exec(svg)).toBeNull();
    expect(svg.includes("<title>")).toBe(true);
  });

  test("differs between light and dark in its colours alone", async () => {
    const shape = (svg: string) =>
      svg.replace(/#[0-9a-f]{6}|rgb\([^)]*\)|url\(#[^)]*\)|id="[^"]*"/g, "");
    const [light, dark] = [await render("bp"), await render("bp", "dark")];
    expect(shape(dark) === shape(light)).toBe(true);
    expect(dark === light).toBe(false);
  });

  test.each(HOSTILE)("shows a model called %s as text", async (name) => {
    const svg = await render(name);
    expect(/<[^>]*\sonload=/.test(svg)).toBe(false);
    // Nothing but elements that a figure is made of.
    const elements = new Set([...svg.matchAll(/<([a-zA-Z]+)/g)].map(([, element]) => element));
    for (const element of elements) {
      expect([
        "svg",
        "title",
        "desc",
        "defs",
        "clipPath",
        "g",
        "path",
        "rect",
        "text",
        "line",
      ]).toContain(element);
    }
  });
});

describe("nothing to show", () => {
  test.each([
    ["accuracy", accuracyAndTimeFigure([])],
    ["curve", learningCurveFigure([])],
    ["landscape", landscapeFigure([])],
    [
      "a landscape of gaps",
      landscapeFigure([{ ...landscape("bp"), values: Array(25).fill(null) }]),
    ],
    ["surface", landscapeSurfaceFigure([])],
    ["weights", weightDistributionsFigure([])],
    ["lines", linesFigure([], { xTitle: "Layer", defaultTitle: "Lines" })],
  ])("is said: %s", async (_, spec) => {
    expect((await renderSvg(spec)).includes("no data")).toBe(true);
  });
});

describe("a landscape", () => {
  /** What a group of marks is made of, in the order of the panels. */
  const groups = async (spec: FigureSpec, name: string): Promise<string[]> => {
    const svg = await renderSvg(spec);
    return [...svg.matchAll(new RegExp(`role-mark ${name}(?:-\\d+)?"[^>]*>(.*?)</g>`, "g"))].map(
      ([, marks]) => marks ?? "",
    );
  };

  test("has its gap where the value is missing: at the upper right, the end of both directions", async () => {
    const spec = landscapeFigure([landscape("bp", null)], { width: 400 });
    const [gap = ""] = await groups(spec, "gap");
    const [, x, y] = /d="M([\d.]+),([\d.]+)/.exec(gap) ?? [];
    expect(Number(x)).toBeGreaterThan(200);
    expect(Number(y)).toBe(0);
  });

  test("shares its scale: a model's colours depend on the others'", async () => {
    const values = landscape("bp").values.map((value) => 100 * (value ?? 0));
    const high = { ...landscape("high"), values };
    const [alone] = await groups(landscapeFigure([landscape("bp")]), "contour");
    const [beside] = await groups(landscapeFigure([landscape("bp"), high]), "contour");
    const fills = (marks = "") => [...marks.matchAll(/fill="([^"]+)"/g)].map(([, fill]) => fill);
    expect(fills(alone).length).toBeGreaterThan(3);
    expect(fills(beside).length).toBeLessThan(fills(alone).length + 1);
    expect(beside).not.toBe(alone);
  });

  test("has a perfect loss at its lowest level, and no gap there", async () => {
    const [first, ...rest] = landscape("bp").values;
    expect(first).toBeGreaterThan(0);
    const svg = await renderSvg(landscapeFigure([{ ...landscape("bp"), values: [0, ...rest] }]));
    expect(svg.includes(GAP_COLOUR)).toBe(false);
    const gap = await renderSvg(landscapeFigure([{ ...landscape("bp"), values: [null, ...rest] }]));
    expect(gap.includes(GAP_COLOUR)).toBe(true);
  });

  test("says where it is clipped, at a value that is not round too", async () => {
    const odd = await renderSvg(landscapeFigure([landscape("bp")], { clip: 2.7 }));
    expect(odd.includes("≥ 2.7")).toBe(true);
  });

  test("says where it is clipped", async () => {
    const svg = await renderSvg(landscapeFigure([landscape("bp")], { scale: "linear", clip: 2 }));
    expect(svg).toContain("clipped");
    expect(await renderSvg(landscapeFigure([landscape("bp")], { clip: 1000 }))).not.toContain(
      "clipped",
    );
  });
});

test("weights are shown of the first two layers and the last two", () => {
  expect(outerLayers(9)).toEqual([1, 2, 8, 9]);
  expect(outerLayers(3)).toEqual([1, 2, 3]);
});

test("a figure as PNG has the size asked for", async () => {
  const spec = lines("bp");
  const png = Buffer.from(await renderPng(await renderSvg(spec), { scale: 2 }));
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect(png.readUInt32BE(16)).toBe(2 * spec.width);
  expect(png.readUInt32BE(20)).toBe(2 * spec.height);
});

test("layers are counted in whole numbers", async () => {
  const seeds = [[1, 2, 3, 4].map((x) => ({ x, y: x }))];
  const panel = { yTitle: "Cosine", series: [{ name: "pc", seeds }] };
  const svg = await renderSvg(linesFigure([panel], { xTitle: "Layer", defaultTitle: "Lines" }));
  expect(svg.includes(">1.5<")).toBe(false);
});
