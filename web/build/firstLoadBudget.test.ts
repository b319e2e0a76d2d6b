import type { Rollup } from "vite";
import { expect, it } from "vitest";

import { firstLoad } from "./firstLoadBudget.ts";

interface Chunk {
  isEntry?: boolean;
  imports?: string[];
  css?: string[];
}

function bundleOf(chunks: Record<string, Chunk>, assets: string[]): Rollup.OutputBundle {
  const files = Object.entries(chunks).map(([fileName, { isEntry = false, imports = [], css = [] }]) => [
    fileName,
    { type: "chunk", fileName, isEntry, imports, viteMetadata: { importedCss: new Set(css) } },
  ]);
  const others = assets.map((fileName) => [fileName, { type: "asset", fileName }]);
  return Object.fromEntries([...files, ...others]) as Rollup.OutputBundle;
}

it("is the entry, what it imports, and their style sheets, each once", () => {
  const bundle = bundleOf(
    {
      "index.js": { isEntry: true, imports: ["sdk.js", "ui.js"], css: ["index.css"] },
      "sdk.js": { imports: ["ui.js"] },
      "ui.js": { css: ["ui.css"] },
      "later.js": { imports: ["sdk.js"] },
    },
    ["index.css", "ui.css", "crypto.wasm"],
  );
  const names = firstLoad(bundle).map(({ fileName }) => fileName);
  expect(names.sort()).toEqual(["index.css", "index.js", "sdk.js", "ui.css", "ui.js"]);
});
