/** A long poll looks again until what it waits for has come, its time is up, its client has gone or the server stops. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance, FastifyRequest } from "fastify";

const LOOK_EVERY_MS = 250;

declare module "fastify" {
  interface FastifyInstance {
    /** Aborted when the server begins to close. */
    closing: AbortSignal;
  }
}

export const endPollsOnClose = (app: FastifyInstance): void => {
  const controller = new AbortController();
  app.decorate("closing", controller.signal);
  app.addHook("preClose", async () => {
    controller.abort();
  });
};

export const pollUntil = async <T>(
  request: FastifyRequest,
  waitSeconds: number,
  look: () => Promise<T>,
  hasCome: (value: T) => boolean,
): Promise<T> => {
  const deadlineMs = performance.now() + waitSeconds * 1000;
  for (;;) {
    const value = await look();
    const leftMs = deadlineMs - performance.now();
    const isOver = request.raw.socket.destroyed || request.server.closing.aborted;
    if (hasCome(value) || leftMs <= 0 || isOver) return value;
    await sleep(Math.min(LOOK_EVERY_MS, leftMs));
  }
};
