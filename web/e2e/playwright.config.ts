import { defineConfig } from "@playwright/test";

import { film } from "./support/camera.ts";
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
      args: [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-video-capture=${film}`,
      ],
    },
  },
});
