import { defineConfig } from "vitest/config";

/** The tests that need PostgreSQL, and Redis where there is one: tests/global-setup.ts brings them up. */
const withServices = [
  "apps/**/src/**/*.test.ts",
  "packages/queue/src/**/*.test.ts",
  "packages/storage/src/*.test.ts",
  "packages/storage/src/migrate/*.test.ts",
  "scripts/src/local/*.test.ts",
  "scripts/src/start/*.test.ts",
  "tests/*/**/*.test.ts",
];

const never = ["**/dist/**", "**/node_modules/**"];

export default defineConfig({
  // "node" lets dependencies be found as Node finds them; workspaces are taken from their sources.
  ssr: {
    resolve: { conditions: ["pclab-source", "node"], externalConditions: ["pclab-source", "node"] },
  },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/**/src/**/*.test.ts", "scripts/src/**/*.test.ts", "tests/*.test.ts"],
          exclude: [...never, ...withServices],
        },
      },
      {
        extends: true,
        test: {
          name: "services",
          include: withServices,
          exclude: never,
          globalSetup: "tests/global-setup.ts",
          // Their waits have limits of their own and say what they waited for; these come last, on a machine however slow.
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
