/**
 * Server-Sent Events (WHATWG HTML, 9.2): what is stored carries an `id`, so that a reader who was cut off goes on behind
 * the last it saw (`Last-Event-ID`); progress, which is only ever the present one, carries none.
 */
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { News } from "./news.js";

export interface StreamEvent {
  /** Its place in the stream; null for what is not stored. */
  id: string | null;
  type: string;
  data: unknown;
}

export interface StreamSource {
  /** Of the run or the sweep. */
  id: string;
  /** What is behind the last place that was read, and whether nothing more will come. */
  read(): Promise<{ events: StreamEvent[]; isOver: boolean }>;
}

const PING_MS = 15_000;
/** Without news a stream looks for itself, and tells progress. */
const LOOK_MS = 1_000;

export const sendEvents = (
  request: FastifyRequest,
  reply: FastifyReply,
  news: News,
  source: StreamSource,
): FastifyReply => {
  const gone = new AbortController();
  request.raw.once("close", () => gone.abort());
  const { closing } = request.server;
  const onClosing = (): void => gone.abort();
  closing.addEventListener("abort", onClosing, { once: true });
  const stream = Readable.from(lines(news, source, gone.signal), { objectMode: false });
  stream.once("close", () => closing.removeEventListener("abort", onClosing));
  return reply
    .headers({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // A proxy that gathers answers would hold the events back.
      "x-accel-buffering": "no",
    })
    .send(stream);
};

async function* lines(
  news: News,
  source: StreamSource,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let pingedMs = performance.now();
  // The headers go out at once, so that a reader knows that it is listening.
  yield ": listening\n\n";
  while (!signal.aborted) {
    // What happens while this reads is news for the wait below.
    const waited = news.wait(source.id, { timeoutMs: LOOK_MS, signal });
    const { events, isOver } = await source.read();
    for (const event of events) yield printEvent(event);
    if (isOver) {
      yield printEvent({ id: null, type: "end", data: {} });
      return;
    }
    if (performance.now() - pingedMs > PING_MS) {
      pingedMs = performance.now();
      yield ": ping\n\n";
    }
    await waited;
  }
}

export const printEvent = ({ id, type, data }: StreamEvent): string =>
  `${id === null ? "" : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
