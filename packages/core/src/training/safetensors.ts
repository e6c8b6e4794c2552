/**
 * The safetensors container (huggingface.co/docs/safetensors): 8 bytes with the length of the header, little-endian; the
 * header, JSON; then the tensors' bytes, without gaps. Only the two types that engines use.
 */
import { z } from "zod";
import { checkAgainst } from "../validation/check.js";
import { CheckpointError } from "./checkpointError.js";

export interface Tensor {
  name: string;
  shape: readonly number[];
  /** Row-major. Float32Array is stored as F32, Float64Array as F64. */
  values: Float32Array | Float64Array;
}

export interface Safetensors {
  tensors: Tensor[];
  /** The header's `__metadata__`. */
  metadata: Record<string, string>;
}

const LENGTH_BYTES = 8;
/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = "__metadata__";

const dtypeOf = (values: Tensor["values"]) => (values instanceof Float32Array ? "F32" : "F64");

export const writeSafetensors = ({ tensors, metadata }: Safetensors): Uint8Array => {
  const header: Record<string, unknown> = { [METADATA]: metadata };
  let dataBytes = 0;
  for (const { name, shape, values } of tensors) {
    const begin = dataBytes;
    dataBytes += values.byteLength;
    header[name] = { dtype: dtypeOf(values), shape, data_offsets: [begin, dataBytes] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Padded with spaces, as the format allows, so that the tensors are aligned for their type.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + dataBytes).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const { values } of tensors) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
};

const tensorSchema = z.strictObject({
  dtype: z.enum(["F32", "F64"]),
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const metadataSchema = z.record(z.string(), z.string());

/** @throws CheckpointError when the bytes are not exactly one well-formed container */
export const readSafetensors = (bytes: Uint8Array): Safetensors => {
  const { metadata, rawTensors, data } = readContainer(bytes);
  let end = 0;
  const tensors: Tensor[] = [];
  for (const [name, raw] of Object.entries(rawTensors)) {
    const tensor = readTensor(name, raw, data, end);
    end += tensor.values.byteLength;
    tensors.push(tensor);
  }
  if (end !== data.length) {
    throw new CheckpointError(
      "checkpoint_offsets",
      `the tensors take ${end} bytes and ${data.length} are there.`,
    );
  }
  return { tensors, metadata };
};

/**
 * The header's `__metadata__` alone, without a look at the tensors.
 *
 * @throws CheckpointError when there is no well-formed header
 */
export const readSafetensorsMetadata = (bytes: Uint8Array): Safetensors["metadata"] =>
  readContainer(bytes).metadata;

const readContainer = (bytes: Uint8Array) => {
  const headerBytes = readHeaderLength(bytes);
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes));
  const { [METADATA]: rawMetadata = {}, ...rawTensors } = header;
  const metadata = checkAgainst(metadataSchema, rawMetadata);
  if (!metadata.ok) throw invalidHeader("__metadata__ must map strings to strings");
  const data = bytes.subarray(LENGTH_BYTES + headerBytes);
  return { metadata: metadata.value, rawTensors, data };
};

const readHeaderLength = (bytes: Uint8Array): number => {
  if (bytes.length < LENGTH_BYTES) {
    throw new CheckpointError(
      "checkpoint_truncated",
      `${bytes.length} bytes, at least 8 expected.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw invalidHeader(`it claims ${length} bytes, ${MAX_HEADER_BYTES} are allowed`);
  }
  if (LENGTH_BYTES + Number(length) > bytes.length) {
    throw new CheckpointError(
      "checkpoint_truncated",
      `a header of ${length} bytes is announced and ${bytes.length - LENGTH_BYTES} bytes follow.`,
    );
  }
  return Number(length);
};

const parseHeader = (bytes: Uint8Array): Record<string, unknown> => {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw invalidHeader("it is no JSON");
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw invalidHeader("it is no object");
  }
  return header as Record<string, unknown>;
};

const invalidHeader = (detail: string): CheckpointError =>
  new CheckpointError("checkpoint_header_invalid", `the header is invalid: ${detail}.`);

const readTensor = (
  name: string,
  raw: unknown,
  data: Uint8Array,
  expectedBegin: number,
): Tensor => {
  const dtype = (raw as { dtype?: unknown } | null)?.dtype;
  if (typeof dtype === "string" && dtype !== "F32" && dtype !== "F64") {
    throw new CheckpointError("checkpoint_dtype", `'${name}' is ${dtype}, F32 or F64 expected.`);
  }
  const checked = checkAgainst(tensorSchema, raw, [name]);
  if (!checked.ok) throw invalidHeader(checked.problems.map(({ detail }) => detail).join(", "));
  const { shape, data_offsets } = checked.value;
  const [begin, end] = data_offsets;
  if (begin !== expectedBegin) {
    throw new CheckpointError(
      "checkpoint_offsets",
      `'${name}' begins at ${begin}, ${expectedBegin} expected: tensors may not overlap nor leave a gap.`,
    );
  }
  const ofType = checked.value.dtype === "F32" ? Float32Array : Float64Array;
  const count = shape.reduce((product, size) => product * size, 1);
  if (end - begin !== count * ofType.BYTES_PER_ELEMENT) {
    throw new CheckpointError(
      "checkpoint_offsets",
      `'${name}' of shape [${shape.join(", ")}] takes ${count * ofType.BYTES_PER_ELEMENT} bytes, its offsets give ${end - begin}.`,
    );
  }
  if (end > data.length) {
    throw new CheckpointError(
      "checkpoint_truncated",
      `'${name}' ends at byte ${end} of the data, of which ${data.length} are there.`,
    );
  }
  // A copy: it is aligned whatever the caller's view is, and outlives the caller's bytes. Not by slice(), which on a
  // Node Buffer is a view.
  const values = new ofType(count);
  new Uint8Array(values.buffer).set(data.subarray(begin, end));
  return { name, shape, values };
};
