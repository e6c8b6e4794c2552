/** Lints docker-compose.yml and infra/Dockerfile. Ends with status 1 at the first finding. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

const run = (program, words) =>
  spawnSync(`${root}/node_modules/.bin/${program}`, words, { cwd: root, encoding: "utf8" });

// Its rules are in .dclintrc.json: docker-compose 1.29, which Debian ships, refuses a file with a top-level name.
const compose = run("dclint", ["docker-compose.yml", "--max-warnings", "0"]);
// It prints what it finds, and ends with status 0 all the same.
const image = run("dockerfile-utils", ["lint", "infra/Dockerfile"]);

report("docker-compose.yml", compose, compose.status !== 0);
report(
  "infra/Dockerfile",
  image,
  image.status !== 0 || `${image.stdout}${image.stderr}`.trim() !== "",
);

function report(name, { stdout, stderr, error }, failed) {
  if (failed) {
    process.stderr.write(`${name}:\n${error?.message ?? `${stdout}${stderr}`}\n`);
    process.exitCode = 1;
  } else {
    process.stdout.write(`${name}: nothing found\n`);
  }
}
