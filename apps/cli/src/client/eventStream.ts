/**
 * Server-Sent Events of a run or a sweep, from their beginning or behind a place, to their end. A cut connection is taken
 * up again behind the last event that was read, as often as need be.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type EventSourceMessage, createParser } from "eventsource-parser";
import { CliError } from "../cliError.js";
import { EXIT } from "../exitCodes.js";
import type { LabClient } from "./labClient.js";

export interface LabEvent {
  /** Its place in the stream; null for progress, which is not stored. */
  id: string | null;
  type: string;
  data: Record<string, unknown>;
}

export interface EventStreamOptions {
  /** Behind this place. */
  after?: string | undefined;
  signal: AbortSignal;
  /** Told when the connection is lost, and when it is back. */
  onConnection?: (isUp: boolean) => void;
}

const RECONNECT_MS = 1_000;

/** Something between here and the lab does not let a stream through. */
export class NoStreamError extends Error {
  override readonly name = "NoStreamError";
}

/** @throws NoStreamError, and CliError for what the lab refuses */
export async function* readEvents(
  lab: LabClient,
  path: string,
  { after, signal, onConnection }: EventStreamOptions,
): AsyncGenerator<LabEvent> {
  let last = after;
  while (!signal.aborted) {
    try {
      const response = await lab.open(`${path}/events`, {
        headers: {
          accept: "text/event-stream",
          ...(last === undefined ? {} : { "last-event-id": last }),
        },
      });
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (isStream !== true || response.body === null) throw new NoStreamError();
      onConnection?.(true);
      for await (const { id, event, data } of messagesOf(response.body, signal)) {
        if (event === "end") return;
        if (id !== undefined) last = id;
        yield {
          id: id ?? null,
          type: event ?? "message",
          data: JSON.parse(data) as Record<string, unknown>,
        };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof NoStreamError) throw error;
      if (error instanceof CliError && error.exitCode !== EXIT.unreachable) throw error;
    }
    // An API that restarts ends its streams without their `end`.
    onConnection?.(false);
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Messages as they come; the body is let go when nobody wants more. */
async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<EventSourceMessage> {
  const ready: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => void ready.push(message) });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* ready.splice(0);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}
