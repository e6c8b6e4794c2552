import { createServer } from "node:net";

/** `wanted` when it is free on `host`, else the next free one above it; wanted = 0 takes any. */
export async function findFreePort(host: string, wanted: number): Promise<number> {
  const last = wanted === 0 ? 0 : Math.min(wanted + 100, 65_535);
  for (let port = wanted; port <= last; port += 1) {
    const bound = await tryPort(host, port);
    if (bound !== null) return bound;
  }
  throw new Error(
    `every port from ${wanted} to ${last} is taken on ${host}: choose another with PCLAB_PORT`,
  );
}

/** The port bound, or null when it is taken. Other failures (no such address, no right to the port) are errors. */
function tryPort(host: string, port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}
