import { readFileSync } from "node:fs";
import {
  CHECKPOINT_ERROR_CODES,
  DATASET_ERROR_CODES,
  ENGINE_ERROR_CODES,
  PROBLEM_CODES,
  RUN_REASONS,
} from "@pclab/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERRORS } from "../../apps/api/src/errors/catalogue.js";
import { type TestLab, startTestLab } from "./testLab.js";

let lab: TestLab;
beforeAll(async () => {
  lab = await startTestLab();
});
afterAll(() => lab.close());

const documentText = readFileSync(new URL("../../docs/ERRORS.md", import.meta.url), "utf8");

describe("docs/ERRORS.md", () => {
  test("explains every error code with its status, every problem code and every reason", () => {
    for (const [code, { status }] of Object.entries(ERRORS)) {
      expect(documentText).toMatch(new RegExp(`\\| \`${code}\` +\\| ${status} +\\|`));
    }
    const others = [
      PROBLEM_CODES,
      RUN_REASONS,
      DATASET_ERROR_CODES,
      CHECKPOINT_ERROR_CODES,
      ENGINE_ERROR_CODES,
    ];
    for (const code of others.flat()) expect(documentText).toContain(`\`${code}\``);
  });
});

describe("the OpenAPI document", () => {
  test("is 3.1, open to everyone, and describes body and answers of every route", async () => {
    const response = await lab.app.inject("/v1/openapi.json");
    expect(response.statusCode).toBe(200);
    const document = response.json();
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toContain("/v1/sweeps/{id}/cancel");
    for (const [path, methods] of Object.entries<
      Record<string, { summary?: string; responses: object }>
    >(document.paths)) {
      for (const [method, { summary, responses }] of Object.entries(methods)) {
        expect(summary, `${method} ${path}`).toBeTruthy();
        expect(Object.keys(responses).some((status) => status.startsWith("2"))).toBe(true);
      }
    }
    const { content } = document.paths["/v1/sweeps"].post.requestBody;
    expect(Object.keys(content["application/json"].schema.properties)).toEqual([
      "name",
      "preset",
      "scale",
      "base",
      "grid",
      "runs",
      "random",
      "tpe",
      "stop_early",
      "tags",
      "notes",
      "shared",
      "priority_class",
      "priority",
      "on_duplicate",
    ]);
  });
});
