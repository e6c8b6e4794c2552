/** A table as CSV, JSON lines or Parquet. The texts are streamed; a Parquet file, which ends with its index, is made whole. */
import { Readable } from "node:stream";
import { stringify } from "csv-stringify/sync";
import { ByteWriter, parquetWriteRows } from "hyparquet-writer";
import type { Cell, Column } from "./columns.js";

export const EXPORT_FORMATS = {
  csv: "text/csv; charset=utf-8",
  jsonl: "application/jsonl; charset=utf-8",
  parquet: "application/vnd.apache.parquet",
} as const;
export type ExportFormat = keyof typeof EXPORT_FORMATS;

export interface Table {
  columns: readonly Column[];
  /** In parts, so that a large table need not be in memory. */
  parts: AsyncIterable<readonly Record<string, Cell>[]>;
}

export const exportTable = async (
  { columns, parts }: Table,
  format: ExportFormat,
): Promise<Readable | Buffer> => {
  switch (format) {
    case "csv":
      return Readable.from(csvLines(columns, parts), { objectMode: false });
    case "jsonl":
      return Readable.from(jsonLines(parts), { objectMode: false });
    case "parquet":
      return parquetFile(columns, parts);
  }
};

async function* csvLines(
  columns: readonly Column[],
  parts: Table["parts"],
): AsyncGenerator<string> {
  const names = columns.map(({ name }) => name);
  yield stringify([names]);
  for await (const rows of parts) {
    if (rows.length === 0) continue;
    yield stringify(
      rows.map((row) => names.map((name) => row[name])),
      { cast: { boolean: String } },
    );
  }
}

async function* jsonLines(parts: Table["parts"]): AsyncGenerator<string> {
  for await (const rows of parts) {
    if (rows.length > 0) yield rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  }
}

const parquetFile = async (columns: readonly Column[], parts: Table["parts"]): Promise<Buffer> => {
  const writer = new ByteWriter();
  let count = 0;
  async function* counted(): AsyncGenerator<Record<string, Cell>> {
    for await (const rows of parts) {
      count += rows.length;
      yield* rows;
    }
  }
  await parquetWriteRows({
    writer,
    rows: counted(),
    columns: columns.map((column) => ({ ...column, nullable: true })),
    createdBy: "pclab",
  });
  const file = Buffer.from(writer.getBuffer());
  return count === 0 ? withTypedEmptyList(file) : file;
};

/**
 * hyparquet-writer 0.17 gives the list of row groups of a table without rows no type of its items, and readers in Rust
 * refuse it ("Expected list element type of Struct but got Byte"). At the file's end stand 0 rows and that list: an i64
 * (0x16) of 0, and the header of a list (0x19) of 0 items, whose type is to be a struct (0x0c).
 */
const withTypedEmptyList = (file: Buffer): Buffer => {
  const at = file.lastIndexOf(Buffer.from([0x16, 0x00, 0x19, 0x00]));
  if (at !== -1) file[at + 3] = 0x0c;
  return file;
};
