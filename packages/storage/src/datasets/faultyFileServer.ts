/** For tests of the fetcher: an HTTP server on this machine that serves files with Range, or fails as it is told to. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How one request is answered. */
export type Behaviour =
  /** As a good server: 206 for a range, 416 for one beyond the end, else 200. */
  | "serve"
  /** 200 and the whole file, asked for a range or not. */
  | "ignoreRange"
  /** A range other than the one that was asked for. */
  | "wrongRange"
  /** As `serve`, but every byte inverted. */
  | "wrongBytes"
  /** Accepts the request and never answers. */
  | "neverAnswer"
  | { status: number }
  /** As `serve`, but the connection breaks after so many bytes. */
  | { cutAfterBytes: number }
  /** As `serve`, without a Content-Length, and ends in good order after so many bytes. */
  | { endAfterBytes: number }
  /** As `serve`, but nothing more comes after so many bytes. */
  | { stallAfterBytes: number }
  /** The file with so many bytes appended, with or without a Content-Length that says so. */
  | { appendedBytes: number; declared: boolean };

export interface RecordedRequest {
  path: string;
  range: string | undefined;
  acceptEncoding: string | undefined;
}

export interface FaultyFileServer {
  /** Ends in a slash. */
  url: string;
  requests: RecordedRequest[];
  /** Answers the next requests for `path` in this way, one after the other, and all later ones as `serve`. */
  behave: (path: string, ...behaviours: Behaviour[]) => void;
  close: () => Promise<void>;
}

/** @param files contents by path, without the leading slash */
export async function startFaultyFileServer(
  files: ReadonlyMap<string, Buffer>,
): Promise<FaultyFileServer> {
  const requests: RecordedRequest[] = [];
  const planned = new Map<string, Behaviour[]>();

  const server = createServer((request, response) => {
    const path = (request.url ?? "").slice(1);
    const { range, "accept-encoding": acceptEncoding } = request.headers;
    requests.push({ path, range, acceptEncoding: acceptEncoding?.toString() });
    const contents = files.get(path);
    if (contents === undefined) response.writeHead(404).end("no such file");
    else answer(planned.get(path)?.shift() ?? "serve", { request, response, contents });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    behave: (path, ...behaviours) => void planned.set(path, behaviours),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  contents: Buffer;
}

function answer(behaviour: Behaviour, { request, response, contents }: Exchange): void {
  if (behaviour === "neverAnswer") return;
  if (typeof behaviour === "object" && "status" in behaviour) {
    response.writeHead(behaviour.status).end("no");
    return;
  }
  if (typeof behaviour === "object" && "appendedBytes" in behaviour) {
    const longer = Buffer.concat([contents, Buffer.alloc(behaviour.appendedBytes)]);
    response.writeHead(200, behaviour.declared ? { "content-length": longer.length } : {});
    response.end(longer);
    return;
  }

  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  const start = asked && behaviour !== "ignoreRange" ? Number(asked[1]) : 0;
  if (asked && start >= contents.length) {
    response.writeHead(416, { "content-range": `bytes */${contents.length}` }).end();
    return;
  }
  const body = contents.subarray(start);
  if (typeof behaviour === "object" && "endAfterBytes" in behaviour) {
    response.writeHead(200).end(body.subarray(0, behaviour.endAfterBytes));
    return;
  }
  const claimed = behaviour === "wrongRange" ? start + 1 : start;
  response.writeHead(
    asked && behaviour !== "ignoreRange" ? 206 : 200,
    asked && behaviour !== "ignoreRange"
      ? {
          "content-length": body.length,
          "content-range": `bytes ${claimed}-${contents.length - 1}/${contents.length}`,
        }
      : { "content-length": body.length },
  );
  if (behaviour === "wrongBytes") response.end(body.map((byte) => 255 - byte));
  else if (typeof behaviour !== "object") response.end(body);
  else if ("stallAfterBytes" in behaviour)
    response.write(body.subarray(0, behaviour.stallAfterBytes));
  else {
    // Breaks off only once the bytes are on their way, so that the client receives them.
    response.write(body.subarray(0, behaviour.cutAfterBytes), () =>
      setTimeout(() => response.destroy(), 100),
    );
  }
}
