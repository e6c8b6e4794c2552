/** The API of a fault lab, listening on a port of its own, and a token of its user. */
import { randomBytes } from "node:crypto";
import { type TokenScope, createDatasetInspector, createToken } from "@pclab/storage";
import { pino } from "pino";
import { buildApp } from "../../apps/api/src/app.js";
import { startNews } from "../../apps/api/src/events/news.js";
import { openSecretBox } from "../../apps/api/src/webhooks/secretBox.js";
import { openLine } from "../../apps/api/src/line/line.js";
import { LEASE_MS, type Lab } from "./lab.js";

export interface ServedLab {
  address: string;
  token: string;
  /** The lab itself stays. */
  close(): Promise<void>;
}

export const serveLab = async (lab: Lab, scope: TokenScope): Promise<ServedLab> => {
  const logger = pino({ level: "silent" });
  const news = startNews(lab.database, logger);
  const app = await buildApp(
    {
      database: lab.database,
      inspectDataset: createDatasetInspector({ datasetsFolder: lab.datasetsFolder }),
      leaseMs: LEASE_MS,
      version: "0.0.0-test",
      line: openLine(lab.database, LEASE_MS),
      news,
      requestsPerMinute: 10_000,
      webhooks: { secrets: openSecretBox(randomBytes(32)), networks: ["loopback"] },
    },
    logger,
  );
  const address = await app.listen({ port: 0, host: "127.0.0.1" });
  const { text: token } = await createToken(lab.database, {
    userId: lab.userId,
    name: "owner",
    scope,
  });
  return {
    address,
    token,
    close: async () => {
      news.stop();
      await app.close();
    },
  };
};
