/** PostgreSQL and the queue: those that the environment names, or what the lab would bring itself. */
import { connect } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { postgresMajorOf } from "../local/postgres.js";
import { findPostgresBinaries } from "../local/postgresBinaries.js";
import { findRedisProgram } from "../local/redis.js";
import { findUnprivilegedUser } from "../local/unprivileged.js";
import { type Finding, broken, fine, messageOf, note } from "./finding.js";

const TIMEOUT_MS = 5_000;
const REDIS_PORT = 6_379;

export const examinePostgres = async (settings: {
  databaseUrl: string | null;
  home: string;
}): Promise<Finding> => {
  const { databaseUrl, home } = settings;
  if (databaseUrl !== null) return examineGivenPostgres(databaseUrl);
  try {
    const { folder, major, origin } = findPostgresBinaries(postgresMajorOf(join(home, "postgres")));
    const user = findUnprivilegedUser();
    const runsAs = user === null ? "" : `, run as '${user.name}'`;
    const where = origin === "bundled" ? "the one that came with the npm packages" : folder;
    return fine("PostgreSQL", `${major}, ${where}${runsAs}`);
  } catch (error) {
    return broken("PostgreSQL", messageOf(error));
  }
};

const examineGivenPostgres = async (url: string): Promise<Finding> => {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
    return fine("PostgreSQL", `${rows[0]?.server_version ?? "unknown"}, at DATABASE_URL`);
  } catch (error) {
    return broken(
      "PostgreSQL",
      `DATABASE_URL does not answer (${messageOf(error)}): mend or unset it`,
    );
  } finally {
    await client.end();
  }
};

export const examineQueue = async (redisUrl: string | null): Promise<Finding> => {
  if (redisUrl !== null) return examineGivenRedis(redisUrl);
  const program = findRedisProgram();
  return program === null
    ? note(
        "Redis",
        "no valkey-server or redis-server of version 6.2 or later on PATH: the queue runs on PostgreSQL",
      )
    : fine("Redis", program);
};

/** Its address is tried, without a login: the password is the queue's to use. */
const examineGivenRedis = async (url: string): Promise<Finding> => {
  const target = addressOf(url);
  if (target === null) {
    return broken("Redis", "REDIS_URL is neither a URL (redis://host:port) nor a socket's path");
  }
  const problem = await knock(target);
  if (problem === null) return fine("Redis", "at REDIS_URL");
  return broken("Redis", `REDIS_URL does not answer (${problem}): mend or unset it`);
};

type Address = { path: string } | { host: string; port: number };

const addressOf = (url: string): Address | null => {
  if (url.startsWith("/")) return { path: url };
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url)) return null;
  const { hostname, port } = new URL(url);
  return { host: hostname || "127.0.0.1", port: Number(port) || REDIS_PORT };
};

/** Null once somebody has answered, else what went wrong. */
const knock = (address: Address): Promise<string | null> =>
  new Promise((resolve) => {
    const socket = connect(address);
    const finish = (problem: string | null): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(TIMEOUT_MS, () => finish(`no answer within ${TIMEOUT_MS / 1000} s`));
    socket.on("error", (error) => finish(messageOf(error)));
    socket.on("connect", () => finish(null));
  });
