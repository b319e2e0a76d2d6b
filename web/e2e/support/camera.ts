import type { Locator } from "@playwright/test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The film that the browser takes for what its camera sees; see playwright.config.ts. */
export const film = fileURLToPath(new URL("../../node_modules/.cache/camera.y4m", import.meta.url));

const width = 640;
const height = 480;

/** Holds a picture of the page before the camera. The film is read when the camera is turned on. */
export async function holdBeforeCamera(code: Locator): Promise<void> {
  const png = (await code.screenshot()).toString("base64");
  const luma = await code.page().evaluate(drawInTheMiddle, { png, width, height });
  const chroma = Buffer.alloc((width * height) / 2, 128);
  const frame = Buffer.concat([Buffer.from("FRAME\n"), Buffer.from(luma, "base64"), chroma]);
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420mpeg2\n`);
  mkdirSync(dirname(film), { recursive: true });
  writeFileSync(film, Buffer.concat([head, frame, frame, frame]));
}

interface Picture {
  png: string;
  width: number;
  height: number;
}

/** Runs in the browser, which can read PNG: the brightness of each point of the picture, centred, in base64. */
async function drawInTheMiddle({ png, width: w, height: h }: Picture): Promise<string> {
  const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const context = new OffscreenCanvas(w, h).getContext("2d");
  if (context === null) {
    throw new Error("no canvas");
  }
  context.fillStyle = "white";
  context.fillRect(0, 0, w, h);
  const side = Math.min(w, h) - 40;
  context.drawImage(bitmap, (w - side) / 2, (h - side) / 2, side, side);
  const { data } = context.getImageData(0, 0, w, h);
  let luma = "";
  for (let i = 0; i < data.length; i += 4) {
    luma += String.fromCharCode(16 + Math.round(((data[i] ?? 0) * 219) / 255));
  }
  return btoa(luma);
}
