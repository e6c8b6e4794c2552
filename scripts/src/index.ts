/** The services that the launcher, the tests and the image check bring up by themselves. */
export * from "./local/postgres.js";
export * from "./local/redis.js";
