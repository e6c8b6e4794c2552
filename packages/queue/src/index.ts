/** The doorbell: BullMQ tells workers that a run waits. PostgreSQL is the truth; emptying the queue loses nothing. */
export type { QueueConnection } from "./connection.js";
export type { QueueLogger } from "./errorLog.js";
export {
  type WorkJob,
  RUN_QUEUE_NAME,
  WorkJobInvalidError,
  parseWorkJob,
  workJobId,
} from "./workJob.js";
export {
  type JobIds,
  QueueAwayError,
  type RunQueue,
  type RunQueueOptions,
  openRunQueue,
} from "./runQueue.js";
export { type RunConsumer, type RunConsumerOptions, openRunConsumer } from "./runConsumer.js";
