#!/usr/bin/env node
/**
 * Prisma's schema engine without a download: an executable that speaks the native engine's JSON-RPC on stdin and
 * stdout (one message a line), and answers it with the WebAssembly build of the same engine over node-postgres.
 * prisma.config.ts names it, because the CLI otherwise fetches the native engine from its own host before anything else
 * and fails where that host is out of reach.
 *
 * Two forms, as the native engine has them:
 *   schema-engine --datamodels <file>... --datasource <json>               JSON-RPC until stdin ends
 *   schema-engine --datasource <json> cli can-connect-to-database | create-database
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from "@prisma/driver-adapter-utils";
import pg from "pg";
import { parseIntoClientConfig } from "pg-connection-string";

/** Read by the engine's panic hook; without it a Rust panic surfaces as a bare "unreachable". */
globalThis.PRISMA_WASM_PANIC_REGISTRY = {
  message: "",
  set_message(message) {
    this.message = message;
  },
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    datamodels: { type: "string", multiple: true },
    datasource: { type: "string" },
    "enabled-preview-features": { type: "string" },
    "extension-types": { type: "string" },
    version: { type: "boolean" },
  },
});
const datasource = options.datasource === undefined ? {} : JSON.parse(options.datasource);

/** The connection in parts: PrismaPg's shadow database needs `database` to win, and a connection string would win over it. */
function connectionParts(url) {
  if (!url) throw userError("P1012", "No database URL: set DATABASE_URL.");
  const { schema, ...config } = parseIntoClientConfig(stripSchema(url).url);
  return { config, schema: stripSchema(url).schema ?? schema };
}

/** Prisma's `?schema=` is no PostgreSQL parameter, so the server would refuse it. */
function stripSchema(url) {
  const match = /[?&]schema=([^&]*)/.exec(url);
  if (match === null) return { url, schema: undefined };
  const rest = url.replace(match[0], "").replace(/^([^?&]*)&/, "$1?");
  return { url: rest, schema: decodeURIComponent(match[1]) };
}

function userError(code, message) {
  return Object.assign(new Error(message), { code });
}

/** For the rows of a result, the places of its columns of PostgreSQL's type "char". */
const charColumns = new WeakMap();

/**
 * The engine reads catalog columns of type "char" (kinds of constraints, actions of foreign keys). PrismaPg 7.10 refuses
 * them: "Column type 'char' could not be deserialized". So they pass it as text, and openAdapter gives them their type.
 */
class CatalogPool extends pg.Pool {
  async query(...args) {
    const result = await super.query(...args);
    const places = [];
    for (const [place, field] of (result.fields ?? []).entries()) {
      if (field.dataTypeID !== pg.types.builtins.CHAR) continue;
      field.dataTypeID = pg.types.builtins.TEXT;
      places.push(place);
    }
    if (places.length > 0) charColumns.set(result.rows, places);
    return result;
  }
}

async function openAdapter({ config, schema }) {
  const pool = new CatalogPool(config);
  const adapter = await new PrismaPg(pool, { schema, disposeExternalPool: true }).connect();
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    for (const place of charColumns.get(result.rows) ?? []) {
      result.columnTypes[place] = ColumnTypeEnum.Character;
    }
    return result;
  };
  return adapter;
}

/**
 * PrismaPg drops its shadow database while its own pool still holds a connection to it, which PostgreSQL refuses;
 * here the pool is closed first. A shadow URL of the user's own is used as it is.
 */
function migrationFactory(parts) {
  return {
    provider: "postgres",
    adapterName: "@prisma/adapter-pg",
    connect: () => openAdapter(parts),
    async connectToShadowDb() {
      if (datasource.shadowDatabaseUrl) {
        return openAdapter(connectionParts(datasource.shadowDatabaseUrl));
      }
      const database = `pclab_shadow_${globalThis.crypto.randomUUID().replaceAll("-", "")}`;
      await withClient(parts.config, (client) => client.query(`CREATE DATABASE "${database}"`));
      const shadow = await openAdapter({
        ...parts,
        config: { ...parts.config, database },
      });
      const dispose = shadow.dispose.bind(shadow);
      shadow.dispose = async () => {
        await dispose();
        await withClient(parts.config, (client) => client.query(`DROP DATABASE "${database}"`));
      };
      return shadow;
    },
  };
}

/**
 * For a diff between two schema files, which needs no database: the engine asks for the server's version all the same
 * before anything else, and gets this one. Whatever else it asks needs a real database and is refused.
 */
const offlineFactory = {
  provider: "postgres",
  adapterName: "offline",
  async connect() {
    const refuse = () => Promise.reject(userError("P1012", "No database URL: set DATABASE_URL."));
    return {
      provider: "postgres",
      adapterName: "offline",
      getConnectionInfo: () => ({ schemaName: "public", supportsRelationJoins: true }),
      queryRaw: async ({ sql }) =>
        sql.includes("server_version_num")
          ? {
              columnNames: ["exists", "version", "numeric_version"],
              columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
              rows: [[true, "PostgreSQL 16.0", 160_000]],
            }
          : refuse(),
      executeRaw: refuse,
      executeScript: refuse,
      startTransaction: refuse,
      dispose: async () => undefined,
    };
  },
  connectToShadowDb() {
    return Promise.reject(userError("P1012", "No database URL: set DATABASE_URL."));
  },
};

async function withClient(config, use) {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function loadEngine() {
  const specifier = import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const bindings = await import(specifier);
  // Node 20 imports no .wasm module, so the instance is made by hand.
  const bytes = readFileSync(fileURLToPath(specifier.replace(/\.js$/, ".wasm")));
  const { instance } = await WebAssembly.instantiate(bytes, { "./schema_engine_bg.js": bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  const datamodels = options.datamodels?.map((file) => [file, readFileSync(file, "utf8")]);
  const factory = bindMigrationAwareSqlAdapterFactory(
    datasource.url ? migrationFactory(connectionParts(datasource.url)) : offlineFactory,
  );
  const log = (line) => process.stderr.write(`${line}\n`);
  const engine = await bindings.SchemaEngine.new({ datamodels }, log, factory);
  return { engine, errors: factory.errorRegistry };
}

async function serve() {
  let loading;
  const send = (message) =>
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  let current;
  // A Rust panic inside a callback reaches nobody's promise. Unanswered, the CLI would end with status 0.
  process.on("uncaughtException", (error) => {
    send({ id: current, error: describe(error) });
    process.exitCode = 101;
    process.stdin.destroy();
  });
  const answer = async ({ id, method, params }) => {
    current = id;
    let errors;
    try {
      if (method === "createDatabase") return send({ id, result: await createDatabase() });
      loading ??= loadEngine();
      const loaded = await loading;
      errors = loaded.errors;
      if (typeof loaded.engine[method] !== "function") {
        throw userError(undefined, `The schema engine has no method '${method}'.`);
      }
      const result = (await loaded.engine[method](params)) ?? {};
      // The native engine asks its client to print the diff; the WebAssembly one returns it.
      if (method === "diff" && result.stdout) {
        send({ id: -id, method: "print", params: { content: result.stdout } });
        result.stdout = null;
      }
      return send({ id, result });
    } catch (error) {
      return send({ id, error: describe(error, errors) });
    }
  };
  let last = Promise.resolve();
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line);
    // An answer to our own "print" carries no method.
    if (message.method !== undefined) last = last.then(() => answer(message));
  }
  await last;
}

/** JSON-RPC's error object, in the shape that the CLI reads: data.message, data.error_code, data.is_panic. */
function describe(error, errors) {
  const original =
    typeof error.message === "string" && /^external error|\(id: \d+\)/i.test(error.message)
      ? (errors?.consumeError?.(Number(/\d+/.exec(error.message)?.[0]))?.error ?? error)
      : error;
  const isPanic = error.name === "RuntimeError";
  const panic = globalThis.PRISMA_WASM_PANIC_REGISTRY.message;
  const message = isPanic && panic !== "" ? panic : original.message;
  return {
    code: isPanic ? -32_603 : 4466,
    message: "An error happened. Check the data field for details.",
    data: {
      is_panic: isPanic,
      message,
      error_code: original.code,
      ...(isPanic ? { error: { message } } : {}),
    },
  };
}

async function createDatabase() {
  const { config } = connectionParts(datasource.url);
  const database = config.database ?? "postgres";
  const identifier = `"${database.replaceAll('"', '""')}"`;
  await withClient({ ...config, database: "postgres" }, (client) =>
    client.query(`CREATE DATABASE ${identifier}`),
  );
  return { databaseName: database };
}

async function runCommand(command) {
  try {
    if (command === "can-connect-to-database") {
      await withClient(connectionParts(datasource.url).config, (client) =>
        client.query("SELECT 1"),
      );
    } else if (command === "create-database") {
      await createDatabase();
    } else {
      throw userError("P1012", `Unknown command '${command}'.`);
    }
    return 0;
  } catch (error) {
    const log = (level, fields) =>
      process.stderr.write(
        `${JSON.stringify({ level, target: "schema_engine::logger", fields })}\n`,
      );
    // The CLI skips the first line, as the native engine opens with one of its own.
    log("INFO", { message: "schema engine (WebAssembly)" });
    log("ERROR", { error_code: prismaCode(error), message: error.message });
    return 1;
  }
}

/** The CLI acts on these codes: P1003 makes it create the database. */
function prismaCode(error) {
  const codes = { "3D000": "P1003", "28P01": "P1000", 28000: "P1000", "42P04": "P1009" };
  return codes[error.code] ?? (String(error.code).startsWith("P1") ? error.code : "P1001");
}

if (options.version === true) {
  const manifest = fileURLToPath(import.meta.resolve("@prisma/schema-engine-wasm"));
  const { version } = JSON.parse(readFileSync(new URL("package.json", `file://${manifest}`)));
  process.stdout.write(`schema-engine-wasm ${version}\n`);
} else if (positionals[0] === "cli") {
  process.exitCode = await runCommand(positionals[1]);
} else {
  await serve();
}
