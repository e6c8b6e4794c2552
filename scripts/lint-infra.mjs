/** Lints docker-compose.yml and infra/Dockerfile. Ends with status 1 at the first finding. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

const run = (program, words) =>
  spawnSync(`${root}/node_modules/.bin/${program}`, words, { cwd: root, encoding: "utf8" });

// docker-compose 1.29, which Debian ships, refuses a file with a top-level name.
const compose = run("dclint", [
  "docker-compose.yml",
  "--disable-rule",
  "require-project-name-field",
  "--max-warnings",
  "0",
]);
// It prints what it finds, and ends with status 0 all the same.
const image = run("dockerfile-utils", ["lint", "infra/Dockerfile"]);

for (const [name, { stdout, stderr, status, error }, failed] of [
  ["docker-compose.yml", compose, compose.status !== 0],
  ["infra/Dockerfile", image, image.status !== 0 || `${image.stdout}${image.stderr}`.trim() !== ""],
]) {
  if (!failed) {
    process.stdout.write(`${name}: nothing found\n`);
    continue;
  }
  process.stderr.write(`${name} (status ${status}):\n${error?.message ?? `${stdout}${stderr}`}\n`);
  process.exitCode = 1;
}
