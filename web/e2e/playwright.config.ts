import { defineConfig } from "@playwright/test";

import { environment } from "./support/environment.ts";

export default defineConfig({
  testDir: ".",
  outputDir: "../node_modules/.cache/playwright",
  workers: 1,
  timeout: 400_000,
  expect: { timeout: 60_000 },
  reporter: "list",
  use: {
    baseURL: environment.url,
    actionTimeout: 60_000,
    trace: "retain-on-failure",
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: {
      executablePath: environment.chromium,
      args: ["--no-sandbox", "--use-fake-device-for-media-stream"],
    },
  },
});
