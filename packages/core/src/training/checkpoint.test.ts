import { describe, expect, test } from "vitest";
import {
  type Checkpoint,
  engineIdOfCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoint.js";
import { CheckpointError, type CheckpointErrorCode } from "./checkpointError.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import { eventsOf, finalBytesOf, smallOptions, smallSpec } from "./smallRun.js";

const spec = smallSpec({ algorithm: "pc_rc3", bias: true, epochs: 1, evaluate_every: 1 });
const bytes = finalBytesOf(await eventsOf(smallOptions(spec)));

const refused = (damaged: Uint8Array, code: CheckpointErrorCode): string => {
  try {
    readCheckpoint(damaged, spec);
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as CheckpointError).code).toBe(code);
    return (error as Error).message;
  }
  throw new Error(`accepted; ${code} expected`);
};

type Header = { __metadata__: Record<string, string> } & {
  [tensor: `layers.${string}`]: { dtype: string; shape: number[]; data_offsets: number[] };
};

/** The same data under another header. */
const withHeader = (change: (header: Header) => void): Uint8Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = Number(view.getBigUint64(0, true));
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const header = JSON.parse(text) as Header;
  change(header);
  return withHeaderText(JSON.stringify(header), bytes.subarray(8 + length));
};

const withHeaderText = (text: string, data: Uint8Array): Uint8Array => {
  const json = new TextEncoder().encode(text);
  const changed = new Uint8Array(8 + json.length + data.length);
  new DataView(changed.buffer).setBigUint64(0, BigInt(json.length), true);
  changed.set(json, 8);
  changed.set(data, 8 + json.length);
  return changed;
};

const rewritten = (change: (checkpoint: Checkpoint) => void): Uint8Array => {
  const checkpoint = readCheckpoint(bytes, spec);
  change(checkpoint);
  return writeCheckpoint(checkpoint);
};

describe("a checkpoint", () => {
  test("holds the tensors under their names and shapes, and the spec and the engine beside them", () => {
    const { tensors, metadata } = readSafetensors(bytes);
    const shapes = Object.fromEntries(tensors.map(({ name, shape }) => [name, shape]));
    expect(shapes["layers.1.weights"]).toEqual([6, 784]);
    expect(shapes["layers.1.weights.first_moment"]).toEqual([6, 784]);
    expect(shapes["layers.2.bias.second_moment"]).toEqual([6]);
    expect(shapes["layers.3.log_variance"]).toEqual([10]);
    expect(tensors).toHaveLength(3 * 3 * 3);
    expect(metadata["engine"]).toBe("reference/float64");
    expect(JSON.parse(metadata["spec"])).toMatchObject({ algorithm: "pc_rc3", train_size: 23 });
  });

  test("is read back bit for bit, from a Node Buffer's pool too", () => {
    const pooled = Buffer.concat([Buffer.from("xyz"), bytes]).subarray(3);
    expect(Buffer.from(writeCheckpoint(readCheckpoint(pooled, spec))).equals(bytes)).toBe(true);
  });

  test("tells its engine's id without the tensors, and is refused where it tells none", () => {
    expect(engineIdOfCheckpoint(bytes)).toBe("reference/float64");
    expect(engineIdOfCheckpoint(bytes.subarray(0, bytes.length - 1))).toBe("reference/float64");
    const nameless = withHeader((header) => delete header.__metadata__["engine"]);
    expect(() => engineIdOfCheckpoint(nameless)).toThrow(CheckpointError);
    expect(() => engineIdOfCheckpoint(new Uint8Array(3))).toThrow(CheckpointError);
  });

  test("of a version that knew fewer settings and clocks is resumed with their defaults", () => {
    const older = withHeader((header) => {
      const stored = JSON.parse(header.__metadata__["spec"] ?? "") as {
        inference: Record<string, unknown>;
      };
      delete stored.inference["solver"];
      header.__metadata__["spec"] = JSON.stringify(stored);
      const loop = JSON.parse(header.__metadata__["loop"] ?? "") as {
        clocks: Record<string, unknown>;
      };
      delete loop.clocks["threadSeconds"];
      header.__metadata__["loop"] = JSON.stringify(loop);
    });
    expect(readCheckpoint(older, spec).loop.clocks.threadSeconds).toBe(0);
  });

  test("with its spec's keys in another order is the same run's", () => {
    const reordered = withHeader((header) => {
      const stored = JSON.parse(header.__metadata__["spec"] ?? "") as Record<string, unknown>;
      const { algorithm, ...rest } = stored;
      header.__metadata__["spec"] = JSON.stringify({ ...rest, algorithm });
    });
    expect(readCheckpoint(reordered, spec).loop.weightUpdates).toBe(6);
  });
});

describe("a damaged checkpoint is refused", () => {
  test("cut anywhere", () => {
    for (const length of [0, 7, 8, 100, bytes.length - 1]) {
      refused(bytes.subarray(0, length), "checkpoint_truncated");
    }
  });

  test("with bytes after its end", () => {
    expect(refused(new Uint8Array([...bytes, 0]), "checkpoint_offsets")).toContain("are there");
  });

  test("with a header too long to be one", () => {
    const damaged = bytes.slice();
    new DataView(damaged.buffer).setBigUint64(0, 2n ** 60n, true);
    expect(refused(damaged, "checkpoint_header_invalid")).toContain("100000000 are allowed");
  });

  test("with a header that is no JSON, or no object", () => {
    refused(withHeaderText("{", new Uint8Array()), "checkpoint_header_invalid");
    refused(withHeaderText("[1]", new Uint8Array()), "checkpoint_header_invalid");
    refused(withHeaderText("null", new Uint8Array()), "checkpoint_header_invalid");
  });

  test("with offsets that overlap, leave a gap or do not fit the shape", () => {
    const shifted = (by: number) =>
      withHeader((header) => {
        const tensor = header["layers.1.bias"];
        tensor.data_offsets = tensor.data_offsets.map((offset: number) => offset + by);
      });
    expect(refused(shifted(-8), "checkpoint_offsets")).toContain("overlap");
    expect(refused(shifted(8), "checkpoint_offsets")).toContain("gap");
    const reshaped = withHeader((header) => {
      header["layers.1.bias"].shape = [7];
    });
    expect(refused(reshaped, "checkpoint_offsets")).toContain("[7]");
  });

  test("with a type that no engine uses", () => {
    const damaged = withHeader((header) => {
      header["layers.1.bias"].dtype = "BF16";
    });
    expect(refused(damaged, "checkpoint_dtype")).toContain("BF16");
  });

  test("with a tensor that is missing, unknown, of another shape or not finite", () => {
    const { tensors, metadata } = readSafetensors(bytes);
    const written = (changed: typeof tensors) => writeSafetensors({ tensors: changed, metadata });
    expect(refused(written(tensors.slice(1)), "checkpoint_tensors")).toContain("missing");
    const extra = { name: "layers.9.weights", shape: [1], values: Float64Array.of(1) };
    expect(refused(written([...tensors, extra]), "checkpoint_tensors")).toContain("layers.9");
    const turned = tensors.map((tensor) => ({ ...tensor, shape: [...tensor.shape].reverse() }));
    expect(refused(written(turned), "checkpoint_tensors")).toContain("[6, 784] expected");
    const nan = rewritten(({ network }) => network.layers[1].weights.fill(Number.NaN));
    expect(refused(nan, "checkpoint_tensors")).toContain("NaN");
  });

  test("with mixed precisions", () => {
    const { tensors, metadata } = readSafetensors(bytes);
    const mixed = tensors.map((tensor, index) =>
      index === 0 ? { ...tensor, values: Float32Array.from(tensor.values) } : tensor,
    );
    refused(writeSafetensors({ tensors: mixed, metadata }), "checkpoint_dtype");
  });

  test("with metadata of another format, or a loop's state that makes no sense", () => {
    const withMetadata = (name: string, value: string) =>
      withHeader((header) => {
        header.__metadata__[name] = value;
      });
    refused(withMetadata("format", "other/1"), "checkpoint_metadata");
    refused(withMetadata("loop", "{"), "checkpoint_metadata");
    refused(withMetadata("loop", "{}"), "checkpoint_metadata");
    refused(withMetadata("spec", "nothing"), "checkpoint_metadata");
    const beyond = rewritten(({ loop }) => {
      loop.cursor.position = 24;
    });
    expect(refused(beyond, "checkpoint_metadata")).toContain("24 of 23");
  });

  test("that belongs to another spec, and says in what", () => {
    const other = { ...spec, seed: 5, learningRate: 0.5 };
    expect(() => readCheckpoint(bytes, other)).toThrow(/another learning_rate, seed/);
  });
});
