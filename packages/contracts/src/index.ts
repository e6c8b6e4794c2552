/** What crosses a process over HTTP: the shapes of the API's bodies. */
export * from "./analysis.js";
export * from "./compare.js";
export * from "./event.js";
export * from "./page.js";
export * from "./preset.js";
export * from "./problem.js";
export * from "./queue.js";
export * from "./run.js";
export * from "./sweep.js";
export * from "./user.js";
export * from "./webhook.js";
export * from "./worker.js";
