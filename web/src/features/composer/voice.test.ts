import { describe, expect, it } from "vitest";

import { resample, voiceContent } from "./voice.ts";

describe("a voice message", () => {
  it.each([
    [[], 2, [0, 0]],
    [[0.5], 3, [0.5, 0.5, 0.5]],
    [[0.1, 0.9, 0.2, 0.4], 2, [0.9, 0.4]],
  ])("draws %j with %d bars", (levels, count, bars) => {
    expect(resample(levels, count)).toEqual(bars);
  });

  it("says to the phone apps that it is one", () => {
    const file = new File(["abc"], "voice.webm", { type: "audio/webm" });
    expect(voiceContent({ file, durationMs: 1500, waveform: [0, 0.5, 1] }, "Voice message")).toMatchObject({
      "msgtype": "m.audio",
      "info": { duration: 1500, size: 3 },
      "org.matrix.msc1767.audio": { duration: 1500, waveform: [0, 512, 1024] },
      "org.matrix.msc3245.voice": {},
    });
  });
});
