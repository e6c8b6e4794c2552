/** `node createToken.js --user NAME`: makes a token for the user, who is created if need be, and prints the token alone. */
import { parseArgs } from "node:util";
import { createToken, findOrCreateUser, openDatabase } from "@pclab/storage";

const { values } = parseArgs({ options: { user: { type: "string", default: "owner" } } });
const url = process.env["DATABASE_URL"];
if (url === undefined || url === "") throw new Error("DATABASE_URL is not set");

const database = openDatabase({ url, poolSize: 1 });
try {
  const user = await findOrCreateUser(database, values.user);
  const token = await createToken(database, { userId: user.id, name: "command line" });
  process.stdout.write(`${token}\n`);
} finally {
  await database.close();
}
