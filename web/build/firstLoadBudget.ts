import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

interface Budget {
  maxGzippedBytes: number;
}

/** Fails the build when what a browser loads before it shows the first page grows beyond a budget. */
export function firstLoadBudget({ maxGzippedBytes }: Budget): Plugin {
  return {
    name: "first-load-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const files = firstLoad(bundle);
      const size = files.reduce(
        (sum, file) => sum + gzipSync(file.type === "chunk" ? file.code : file.source).length,
        0,
      );
      this.info(`first load: ${files.length} files, ${(size / 1000).toFixed(0)} kB gzipped`);
      if (size > maxGzippedBytes) {
        this.error(`the first load is ${size} bytes gzipped, and may be ${maxGzippedBytes}`);
      }
    },
  };
}

/** The entry, what it imports statically, and their style sheets. */
export function firstLoad(bundle: Rollup.OutputBundle): (Rollup.OutputChunk | Rollup.OutputAsset)[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const file = bundle[name];
    if (file === undefined || found.has(name)) {
      return;
    }
    found.add(name);
    if (file.type === "chunk") {
      file.imports.forEach(visit);
      file.viteMetadata?.importedCss.forEach(visit);
    }
  };
  for (const [name, file] of Object.entries(bundle)) {
    if (file.type === "chunk" && file.isEntry) {
      visit(name);
    }
  }
  return [...found].flatMap((name) => bundle[name] ?? []);
}
