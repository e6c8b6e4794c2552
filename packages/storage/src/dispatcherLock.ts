/**
 * The dispatcher's exclusive right: an advisory lock of a session of its own, which PostgreSQL releases when the process
 * that holds it dies, however it dies.
 */
import pg from "pg";
import { DISPATCHER_LOCK } from "./dispatch.js";

export interface DispatcherLock {
  /** Whether this process holds the lock now; takes it where it is free. Throws while PostgreSQL is away. */
  hold(): Promise<boolean>;
  /** Gives the lock back. */
  close(): Promise<void>;
}

export const openDispatcherLock = (databaseUrl: string): DispatcherLock => {
  let session: { client: pg.Client; holds: boolean } | null = null;

  const connect = async (): Promise<{ client: pg.Client; holds: boolean }> => {
    const client = new pg.Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: "pclab-dispatcher",
    });
    const opened = { client, holds: false };
    const forget = (): void => {
      if (session === opened) session = null;
    };
    // The session is gone, and the lock with it: the next `hold` begins anew.
    client.on("error", forget);
    client.on("end", forget);
    await client.connect();
    session = opened;
    return opened;
  };

  return {
    hold: async () => {
      const current = session ?? (await connect());
      if (!current.holds) {
        const { rows } = await current.client.query<{ held: boolean }>(
          "SELECT pg_try_advisory_lock($1) AS held",
          [DISPATCHER_LOCK],
        );
        current.holds = rows[0]?.held === true;
      }
      return current.holds && session === current;
    },
    close: async () => {
      const current = session;
      session = null;
      await current?.client.end();
    },
  };
};
