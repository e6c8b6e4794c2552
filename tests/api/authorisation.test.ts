import { TOKEN_SCOPES, type TokenScope, createToken } from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
beforeAll(async () => {
  lab = await startTestLab();
});
afterAll(() => lab.close());

interface Route {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  url: string;
  isPublic: boolean;
  /** That the document names. */
  scope: TokenScope;
}

/** Every route of the OpenAPI document, so that one added later is tested too. */
const routes = (): Route[] => {
  const { paths } = lab.app.swagger() as unknown as {
    paths: Record<string, Record<string, { security?: { token: TokenScope[] }[] }>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase() as Route["method"],
      url: path,
      isPublic: security?.length === 0,
      scope: security?.[0]?.token[0] ?? "read",
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
    const { text: token } = await createToken(lab.database, {
      userId: lab.ada.userId,
      name: "lost",
      scope: "read",
    });
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

describe("a scope", () => {
  /** What a route needs, told from the outside: looking, changing, running the lab, its people. */
  const expected = ({ method, url }: Route): TokenScope => {
    if (/^\/v1\/(users|audit)/.test(url)) return "admin";
    if (url.startsWith("/v1/workers/")) return "operate";
    // A webhook's URL may be a secret.
    if (url.startsWith("/v1/webhooks")) return "submit";
    return method === "GET" ? "read" : "submit";
  };

  test.each(TOKEN_SCOPES)("%s opens what it names and no more, on every route", async (scope) => {
    const { text } = await createToken(lab.database, {
      userId: lab.ada.userId,
      name: scope,
      scope,
    });
    const headers = { authorization: `Bearer ${text}` };
    for (const route of routes()) {
      const { method, url, isPublic } = route;
      if (isPublic) continue;
      expect(route.scope, `${method} ${url}`).toBe(expected(route));
      // Revoking its own token would end the test's.
      const address = url.replace("{id}", "none").replace("{plot}", "x.svg");
      const { statusCode } = await lab.app.inject({ method, url: address, headers });
      const isAllowed = TOKEN_SCOPES.indexOf(scope) >= TOKEN_SCOPES.indexOf(route.scope);
      expect(statusCode === 403, `${method} ${url} with ${scope}: ${statusCode}`).toBe(!isAllowed);
    }
  });

  test("makes no token that can do more, urgent work and others' tokens need theirs", async () => {
    const refused = [
      await lab.ada.post("/v1/tokens", { name: "more", scope: "operate" }),
      await lab.ada.post("/v1/tokens", { name: "x", scope: "read", user_id: lab.ben.userId }),
      await lab.ada.get("/v1/tokens?user=all"),
      await lab.ada.post("/v1/sweeps", {
        base: { ...smallBase, algorithm: "bp" },
        priority_class: "urgent",
      }),
    ];
    for (const response of refused) {
      expect(response.statusCode).toBe(403);
      expect(response.json()).toMatchObject({ code: "forbidden" });
      expect(response.headers["www-authenticate"]).toContain("insufficient_scope");
    }
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
      "/v1/webhooks/{id}": (
        await lab.ada.post("/v1/webhooks", { url: "https://lab.example/hook" })
      ).json().id,
      "/v1/tokens/{id}": (await lab.ada.get("/v1/tokens")).json().data[0].id,
    };
    // Workers and users are the lab's: a scope opens them.
    const owned = routes().filter(
      ({ url, scope }) => url.includes("{id}") && /read|submit/.test(scope),
    );
    expect(owned.length).toBeGreaterThan(9);
    for (const { method, url } of owned) {
      const id = ids[Object.keys(ids).find((prefix) => url.startsWith(prefix)) ?? ""];
      expect(id, `no resource for ${url}`).toBeDefined();
      const address = url.replace("{id}", id ?? "");
      const payload = method === "GET" ? {} : { payload: {} };
      const theirs = await lab.ben.request({ method, url: address, ...payload });
      const absent = await lab.ben.request({
        method,
        url: url.replace("{id}", "none"),
        ...payload,
      });
      expect(theirs.statusCode, `${method} ${address}`).toBe(404);
      expect(theirs.json().detail.replace(id, "none")).toBe(absent.json().detail);
    }
    for (const url of ["/v1/runs", "/v1/sweeps"])
      expect((await lab.ben.get(url)).json().data).toEqual([]);
    expect((await lab.ben.get("/v1/queue")).json().next).toEqual([]);
    expect((await lab.ada.get(`/v1/runs/${run.id}`)).json()).toMatchObject({ state: "queued" });
  });
});
