/** Tensors as NumPy's npz: a zip of npy files (numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
import type { Tensor } from "@pclab/core";
import { Zip, ZipPassThrough } from "fflate";

/** Stored as they are, since weights do not compress, and dated as zip's first day, so that equal tensors give equal bytes. */
export function* writeNpz(tensors: readonly Tensor[]): Generator<Uint8Array> {
  const parts: Uint8Array[] = [];
  const zip = new Zip((error, part) => {
    if (error !== null) throw error;
    parts.push(part);
  });
  for (const tensor of tensors) {
    const { name, values } = tensor;
    const entry = new ZipPassThrough(`${name}.npy`);
    entry.mtime = "1980-01-01T00:00:00";
    zip.add(entry);
    entry.push(npyHeader(tensor));
    entry.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), true);
    yield* parts.splice(0);
  }
  zip.end();
  yield* parts;
}

const MAGIC = "\x93NUMPY\x01\x00";
/** Values begin at a multiple of it. */
const ALIGNMENT_BYTES = 64;

/** Version 1.0, row-major; the machines that we run on are little-endian, as is safetensors. */
const npyHeader = ({ shape, values }: Tensor): Uint8Array => {
  const type = values instanceof Float32Array ? "<f4" : "<f8";
  // A tuple of one has a comma behind it in Python.
  const tuple = `(${shape.map((size) => `${size},`).join(" ")})`;
  const words = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const prefixBytes = MAGIC.length + 2;
  const totalBytes =
    Math.ceil((prefixBytes + words.length + 1) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const lengthBytes = totalBytes - prefixBytes;
  const length = String.fromCharCode(lengthBytes & 0xff, lengthBytes >> 8);
  return Uint8Array.from(
    Buffer.from(`${MAGIC}${length}${words.padEnd(lengthBytes - 1)}\n`, "latin1"),
  );
};
