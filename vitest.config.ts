import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["pclab-source"] },
  ssr: { resolve: { conditions: ["pclab-source", "node", "import", "default"] } },
  test: {
    include: [
      "packages/**/src/**/*.test.ts",
      "apps/**/src/**/*.test.ts",
      "scripts/**/*.test.ts",
      "tests/**/*.test.ts",
    ],
    exclude: ["**/dist/**", "**/node_modules/**"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
