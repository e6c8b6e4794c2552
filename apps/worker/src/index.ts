export { type Config, readConfig } from "./config.js";
export { type Worker, startWorker } from "./worker.js";
