import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin, Rollup } from "vite";

const name = "sw";

/**
 * Builds the service worker beside the app, under a name that stays the same, and puts into it the list of files that it keeps and
 * a version that changes with any of them.
 */
export function serviceWorker(source: string): Plugin {
  let publicDir = "";
  return {
    name: "service-worker",
    apply: "build",
    config: (config) => ({
      build: {
        rollupOptions: {
          input: { index: join(config.root ?? ".", "index.html"), [name]: source },
          output: { entryFileNames: (chunk) => (chunk.name === name ? "sw.js" : "assets/[name]-[hash].js") },
        },
      },
    }),
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const worker = Object.values(bundle).find((file) => file.type === "chunk" && file.name === name);
        if (worker?.type !== "chunk" || worker.imports.length > 0) {
          this.error("the service worker must be one script that imports nothing");
        }
        const files = [...Object.keys(bundle).filter((file) => file.startsWith("assets/")), ...publicFiles(publicDir)];
        worker.code = worker.code
          .replace("__FILES__", JSON.stringify(files.map((file) => `/${file}`)).replaceAll('"', '\\"'))
          .replace("__VERSION__", digest(bundle, publicDir));
      },
    },
  };
}

function publicFiles(dir: string): string[] {
  return readdirSync(dir).filter((file) => !file.startsWith("."));
}

function digest(bundle: Rollup.OutputBundle, publicDir: string): string {
  const hash = createHash("sha256");
  for (const [file, { type, ...content }] of Object.entries(bundle)) {
    hash.update(file).update(type === "chunk" && "code" in content ? content.code : "");
  }
  publicFiles(publicDir).forEach((file) => hash.update(readFileSync(join(publicDir, file))));
  return hash.digest("hex").slice(0, 16);
}
