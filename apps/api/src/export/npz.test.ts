import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import { writeNpz } from "./npz.js";

/** Version 1.0 of NumPy's format, with its words padded to 128 bytes in all. */
const headerOf = (words: string): string => `\x93NUMPY\x01\x00v\x00${words.padEnd(117)}\n`;

test("each tensor is an npy file as NumPy writes it: header, then the values, row by row", () => {
  const weights = Float32Array.from([1, -2, 3.5, 0, 1e-8, 7]);
  const first = Float64Array.from([1, 2, 3, 4, 5]);
  const parts = [
    ...writeNpz([
      { name: "layers.1.weights", shape: [2, 3], values: weights },
      { name: "layers.1.bias", shape: [5], values: first },
    ]),
  ];
  const files = unzipSync(Buffer.concat(parts));
  expect(Object.keys(files)).toEqual(["layers.1.weights.npy", "layers.1.bias.npy"]);
  const read = (name: string) => Buffer.from(files[name]);
  const head = (name: string) => read(name).subarray(0, 128).toString("latin1");
  expect(head("layers.1.weights.npy")).toBe(
    headerOf("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3,), }"),
  );
  expect(head("layers.1.bias.npy")).toBe(
    headerOf("{'descr': '<f8', 'fortran_order': False, 'shape': (5,), }"),
  );
  expect(read("layers.1.weights.npy").subarray(128)).toEqual(Buffer.from(weights.buffer));
  expect(read("layers.1.bias.npy").subarray(128)).toEqual(Buffer.from(first.buffer));
});

test("equal tensors give equal bytes", () => {
  const tensors = [{ name: "x", shape: [1], values: Float32Array.of(1) }];
  expect(Buffer.concat([...writeNpz(tensors)])).toEqual(Buffer.concat([...writeNpz(tensors)]));
});
