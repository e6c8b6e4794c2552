import { z } from "zod";
import { timeSchema } from "./time.js";

export const workerSchema = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.int(),
  state: z.enum(["working", "draining", "lost", "stopped"]).meta({
    description: "draining: takes nothing further; lost: not heard of for a lease",
  }),
  slots: z.object({ total: z.int(), busy: z.int() }),
  engines: z.array(z.string()).meta({ description: "that it can start, best first" }),
  gpu: z
    .object({
      name: z.string(),
      driver: z.string(),
      index: z.int().nullable(),
      memory_bytes: z.number().nullable(),
    })
    .nullable()
    .meta({ description: "what webgpu computes on; index and memory where the driver tells them" }),
  version: z.string(),
  started_at: timeSchema,
  heartbeat_at: timeSchema,
});
