import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
beforeAll(async () => {
  lab = await startTestLab();
});
afterAll(() => lab.close());

interface Route {
  method: "GET" | "POST";
  url: string;
  isPublic: boolean;
}

/** Every route of the OpenAPI document, so that one added later is tested too. */
const routes = (): Route[] => {
  const { paths } = lab.app.swagger() as {
    paths: Record<string, Record<string, { security?: unknown[] }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase() as Route["method"],
      url: path,
      isPublic: security?.length === 0,
    })),
  );
};

describe("a token", () => {
  test.each<[string, Record<string, string>]>([
    ["no header", {}],
    ["a wrong token", { authorization: "Bearer pcl_wrong" }],
    ["another scheme", { authorization: "Basic b3duZXI6b3duZXI=" }],
    ["nothing after the scheme", { authorization: "Bearer " }],
  ])("is asked for by every route but health and document: %s", async (_, headers) => {
    const found = routes();
    expect(found.length).toBeGreaterThan(12);
    for (const { method, url, isPublic } of found) {
      const response = await lab.app.inject({ method, url: url.replace("{id}", "x"), headers });
      if (isPublic) {
        expect(["/healthz", "/readyz"]).toContain(url);
        expect(response.statusCode).toBe(200);
      } else {
        expect(response.statusCode, `${method} ${url}`).toBe(401);
        expect(response.headers["www-authenticate"]).toContain("Bearer");
        expect(response.json()).toMatchObject({ code: "unauthorized" });
      }
    }
  });

  test("that was revoked opens nothing", async () => {
    const { createToken } = await import("@pclab/storage");
    const token = await createToken(lab.database, { userId: lab.ada.userId, name: "lost" });
    const headers = { authorization: `Bearer ${token}` };
    expect((await lab.app.inject({ url: "/v1/runs", headers })).statusCode).toBe(200);
    await lab.database.prisma.token.updateMany({
      where: { name: "lost" },
      data: { revokedAt: new Date() },
    });
    expect((await lab.app.inject({ url: "/v1/runs", headers })).statusCode).toBe(401);
  });

  test("is neither stored nor logged", async () => {
    await lab.ada.get("/v1/runs");
    await lab.app.inject({ url: "/v1/runs", headers: { authorization: "Bearer pcl_attempt" } });
    const rows = JSON.stringify(
      await lab.database.prisma.$queryRaw`SELECT tokens.*, encode(sha256, 'escape') FROM tokens`,
    );
    expect(rows).not.toContain(lab.ada.token);
    expect(lab.logLines.length).toBeGreaterThan(0);
    expect(lab.logLines.join("")).not.toContain(lab.ada.token);
    expect(lab.logLines.join("")).not.toContain("pcl_attempt");
  });
});

describe("one user", () => {
  test("can neither read nor cancel what is another's, nor tell that it exists", async () => {
    const sweep = (
      await lab.ada.post("/v1/sweeps", { base: { ...smallBase, algorithm: "bp" } })
    ).json();
    const [run] = (await lab.ada.get(`/v1/sweeps/${sweep.id}/runs`)).json().data;
    const checkpoint = await lab.database.prisma.checkpoint.create({
      data: {
        id: "ckpt_of_ada",
        runId: run.id,
        attempt: 1,
        weightUpdate: 1,
        sizeBytes: 1,
        sha256: new Uint8Array(32),
        final: true,
      },
    });
    const submitted = await lab.ada.post(`/v1/runs/${run.id}/analyses`, { kind: "landscape" });
    const analysis = submitted.json();
    const ids: Record<string, string> = {
      "/v1/sweeps/{id}": sweep.id,
      "/v1/runs/{id}": run.id,
      "/v1/checkpoints/{id}": checkpoint.id,
      "/v1/analyses/{id}": analysis.id,
    };
    const owned = routes().filter(({ url }) => url.includes("{id}"));
    expect(owned.length).toBeGreaterThan(9);
    for (const { method, url } of owned) {
      const id = ids[Object.keys(ids).find((prefix) => url.startsWith(prefix)) ?? ""];
      expect(id, `no resource for ${url}`).toBeDefined();
      const address = url.replace("{id}", id ?? "");
      const theirs = await lab.ben.request({ method, url: address });
      const absent = await lab.ben.request({ method, url: url.replace("{id}", "none") });
      expect(theirs.statusCode, `${method} ${address}`).toBe(404);
      expect(theirs.json().detail.replace(id, "none")).toBe(absent.json().detail);
    }
    for (const url of ["/v1/runs", "/v1/sweeps"])
      expect((await lab.ben.get(url)).json().data).toEqual([]);
    expect((await lab.ben.get("/v1/queue")).json().next).toEqual([]);
    expect((await lab.ada.get(`/v1/runs/${run.id}`)).json()).toMatchObject({ state: "queued" });
  });
});
