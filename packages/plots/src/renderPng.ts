/** An SVG of this package as PNG. The font is DejaVu Sans, whose widths the layouts reckon with. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Resvg, initWasm } from "@resvg/resvg-wasm";

const require = createRequire(import.meta.url);

let ready: Promise<Uint8Array> | null = null;

/** Once in the life of the process. */
const prepare = (): Promise<Uint8Array> => {
  ready ??= (async () => {
    await initWasm(await readFile(require.resolve("@resvg/resvg-wasm/index_bg.wasm")));
    return readFile(require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"));
  })();
  return ready;
};

export interface PngOptions {
  /** Pixels of the PNG for one of the SVG. */
  scale?: number;
}

export const renderPng = async (
  svg: string,
  { scale = 2 }: PngOptions = {},
): Promise<Uint8Array> => {
  const font = await prepare();
  const resvg = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: { fontBuffers: [font], defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" },
  });
  try {
    return resvg.render().asPng();
  } finally {
    resvg.free();
  }
};
