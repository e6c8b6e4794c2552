/** What the launcher prints once the lab is ready. Every command works as it stands, from the folder it was started in. */
import { relative } from "node:path";

export interface GreetingFacts {
  url: string;
  token: string;
  tokenFile: string;
  /** examples/first.yaml, absolute. */
  exampleFile: string;
  logFolder: string;
  cwd: string;
}

export function greeting({
  url,
  token,
  tokenFile,
  exampleFile,
  logFolder,
  cwd,
}: GreetingFacts): string {
  const shown = (path: string): string => shellWord(nearPath(path, cwd));
  return `
The lab is at ${url}  (documented at ${url}/docs)
Your token: ${token}
  (kept in ${nearPath(tokenFile, cwd)}; logs in ${nearPath(logFolder, cwd)})

From another terminal in this folder:

  export LAB=${url} H="Authorization: Bearer $(cat ${shown(tokenFile)})"
  curl -fsS $LAB/v1/sweeps -H "$H" -H 'Content-Type: application/yaml' --data-binary @${shown(exampleFile)} | tee sweep.json

  ID=$(grep -o 'swp_[A-Za-z0-9]*' sweep.json | head -n 1)
  curl -fsS "$LAB/v1/sweeps/$ID?wait=60&until=terminal" -H "$H"
  curl -fsS $LAB/v1/sweeps/$ID/runs -H "$H"

or, without curl:  npx pclab submit ${shown(exampleFile)} --watch

Ctrl-C stops the lab; a running training resumes at the next start.
`;
}

/** Relative below `cwd`, absolute elsewhere. */
export function nearPath(path: string, cwd: string): string {
  const near = relative(cwd, path);
  return near === "" || near.startsWith("..") ? path : near;
}

function shellWord(text: string): string {
  return /^[\w./@%+=:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
