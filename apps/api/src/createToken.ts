/** `node createToken.js --user NAME --scope admin`: makes a token for the user, who is created if need be, and prints it alone. */
import { parseArgs } from "node:util";
import { TOKEN_SCOPES, createToken, findOrCreateUser, openDatabase } from "@pclab/storage";

const { values } = parseArgs({
  options: {
    user: { type: "string", default: "owner" },
    scope: { type: "string", default: "admin" },
  },
});
const scope = TOKEN_SCOPES.find((known) => known === values.scope);
if (scope === undefined) throw new Error(`--scope is one of ${TOKEN_SCOPES.join(", ")}`);
const url = process.env["DATABASE_URL"];
if (url === undefined || url === "") throw new Error("DATABASE_URL is not set");

const database = openDatabase({ url, poolSize: 1 });
try {
  const user = await findOrCreateUser(database, values.user);
  const { text } = await createToken(database, { userId: user.id, name: "command line", scope });
  process.stdout.write(`${text}\n`);
} finally {
  await database.close();
}
