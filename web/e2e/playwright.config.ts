import { defineConfig } from "@playwright/test";

import { environment } from "./support/environment.ts";

export default defineConfig({
  testDir: ".",
  outputDir: "../node_modules/.cache/playwright",
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: "list",
  use: {
    baseURL: environment.url,
    actionTimeout: 20_000,
    trace: "retain-on-failure",
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: {
      executablePath: environment.chromium,
      args: ["--no-sandbox", "--use-fake-device-for-media-stream"],
    },
  },
});
