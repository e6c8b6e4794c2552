import type { madeTokenSchema, tokenSchema } from "@pclab/contracts";
import type { Command } from "commander";
import type { z } from "zod";
import { usageError } from "../cliError.js";
import { nameOf } from "../client/ids.js";
import { ago } from "../output/quantities.js";
import { renderTable } from "../output/table.js";
import { printable } from "../output/text.js";
import { type Session, type World, action } from "../session.js";
import { wholeNumber } from "./ls.js";

type Token = z.output<typeof tokenSchema>;
type MadeToken = z.output<typeof madeTokenSchema>;

interface CreateOptions {
  scope: string;
  expiresInDays?: number;
  user?: string;
}

export const tokensCommand = (program: Command, world: World): void => {
  const tokens = program
    .command("tokens")
    .summary("list, create, rotate, revoke tokens")
    .description("Tokens: yours, and with scope admin everybody's.");
  tokens
    .command("ls", { isDefault: true })
    .description("List them.")
    .option("--all", "everybody's; needs scope admin")
    .action(action(world, list));
  tokens
    .command("create")
    .description("Make a token. Its text alone goes to standard output, this once.")
    .argument("<name>", "for people: laptop, ci")
    .requiredOption("--scope <scope>", "read, submit, operate or admin; up to your own")
    .option("--expires-in-days <days>", "default: never", positive)
    .option("--user <id>", "whose; another's needs scope admin")
    .action(action(world, create));
  tokens
    .command("rotate")
    .description("A new token like this one, which ends.")
    .argument("<token>", "its id")
    .option("--overlap-seconds <seconds>", "how long the old one still opens", wholeNumber, 0)
    .action(action(world, rotate));
  tokens
    .command("revoke")
    .description("End a token: from now on it opens nothing.")
    .argument("<token>", "its id")
    .action(action(world, revoke));
};

const positive = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw usageError(`'${text}' is not a number above 0`);
};

const list = async (session: Session, { all }: { all?: boolean }): Promise<void> => {
  const { lab, json, print, printJson, style, width } = session;
  const tokens: Token[] = [];
  for await (const page of lab.list<Token>("/v1/tokens", {
    user: all === true ? "all" : undefined,
  }))
    tokens.push(...page);
  if (json) return printJson({ data: tokens });
  const nowMs = Date.now();
  const lines = renderTable(
    [
      { title: "id", value: ({ id }) => id },
      ...(all === true ? [{ title: "user", value: ({ user_id }: Token) => user_id }] : []),
      { title: "name", value: ({ name }) => printable(name), shrinkTo: 10 },
      { title: "scope", value: ({ scope }) => scope },
      {
        title: "state",
        value: (token) => stateOf(token, nowMs),
        paint: (style, text, token) =>
          stateOf(token, nowMs).startsWith("opens") ? style.good(text) : style.dim(text),
      },
      {
        title: "last used",
        value: ({ last_used_at }) =>
          last_used_at === null ? "never" : `${ago(last_used_at, nowMs)} ago`,
        dropOrder: 1,
      },
    ],
    tokens,
    { style, width },
  );
  print(`${lines.join("\n")}\n`);
};

const stateOf = ({ revoked_at, expires_at }: Token, nowMs: number): string => {
  if (revoked_at !== null && Date.parse(revoked_at) <= nowMs) return "revoked";
  if (expires_at === null) return "opens";
  return Date.parse(expires_at) <= nowMs ? "expired" : `opens until ${expires_at.slice(0, 10)}`;
};

const create = async (
  session: Session,
  name: string,
  { scope, expiresInDays, user }: CreateOptions,
): Promise<void> => {
  const { body } = await session.lab.send<MadeToken>("/v1/tokens", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, scope, expires_in_days: expiresInDays, user_id: user }),
  });
  tell(session, body);
};

const rotate = async (
  session: Session,
  text: string,
  { overlapSeconds }: { overlapSeconds: number },
): Promise<void> => {
  const { path } = await nameOf(session.lab, text, ["tok"]);
  const { body } = await session.lab.send<MadeToken>(`${path}/rotate`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ overlap_seconds: overlapSeconds }),
  });
  tell(session, body);
};

/** The text alone on standard output, for LAB_TOKEN=$(pclab tokens create …). */
const tell = ({ json, print, printJson, say }: Session, { token, ...made }: MadeToken): void => {
  if (json) return printJson({ ...made, token });
  print(`${token}\n`);
  say(`${made.id}  ${printable(made.name)}, scope ${made.scope}. Keep it: it is shown this once.`);
};

const revoke = async ({ lab, json, print, printJson }: Session, text: string): Promise<void> => {
  const { path } = await nameOf(lab, text, ["tok"]);
  const { body } = await lab.send<Token>(path, { method: "DELETE" });
  if (json) printJson(body);
  else print(`token ${body.id}  ${printable(body.name)}: revoked\n`);
};
