/** A Dockerfile as its stages and their steps: what the replay needs of the format, and nothing more. */

/**
 * @typedef {{ keyword: string, value: string }} Step
 * @typedef {{ name: string, base: string, steps: Step[] }} Stage
 * @param {string} text
 * @returns {Stage[]}
 */
export function parseDockerfile(text) {
  const stages = [];
  for (const line of logicalLines(text)) {
    const [, keyword, value] = /^([A-Z]+)\s+(.*)$/s.exec(line) ?? [];
    if (keyword === undefined) throw new Error(`not a Dockerfile instruction: ${line}`);
    if (keyword === "FROM") {
      const [base, , name] = value.split(/\s+/);
      stages.push({ name: name ?? base, base, steps: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`${keyword} before the first FROM`);
      stage.steps.push({ keyword, value });
    }
  }
  return stages;
}

/** Without comments and empty lines, and with `\` continuations joined. */
function logicalLines(text) {
  const kept = text.split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  return kept
    .join("\n")
    .replace(/\\\n\s*/g, " ")
    .split("\n");
}

/** `["a", "b"]` or a shell line -> the words to execute. */
export function parseCommand(value) {
  return value.startsWith("[") ? JSON.parse(value) : ["sh", "-c", value];
}

/** `--from=build --chown=x a b` -> its flags and its words. */
export function parseFlags(value) {
  const words = value.split(/\s+/);
  const flags = {};
  while (words[0]?.startsWith("--")) {
    const [name, setting] = words.shift().slice(2).split("=");
    flags[name] = setting;
  }
  return { flags, words };
}
