import { afterEach, describe, expect, it, vi } from "vitest";

import { findServer, NoServerError, originOf, ownServer } from "./discovery.ts";

function internet(documents: Record<string, unknown>): void {
  vi.stubGlobal("fetch", (url: string) => {
    const document = documents[url];
    return Promise.resolve(document === undefined ? new Response("", { status: 404 }) : Response.json(document));
  });
}

afterEach(() => vi.unstubAllGlobals());

describe("originOf", () => {
  it.each([
    ["example.org", "https://example.org"],
    [" example.org:8448 ", "https://example.org:8448"],
    ["@alice:example.org", "https://example.org"],
    ["http://localhost:8008/", "http://localhost:8008"],
  ])("of %s", (entered, want) => {
    expect(originOf(entered)).toBe(want);
  });

  it("refuses what is no name", () => {
    expect(() => originOf("two words")).toThrow(NoServerError);
  });
});

describe("findServer", () => {
  it("goes where the discovery document leads, and learns the entrances", async () => {
    internet({
      "https://example.org/.well-known/matrix/client": {
        "m.homeserver": { base_url: "https://chat.example.org" },
        "org.bongsu.entrances": ["https://a.example.org", 7, "no address"],
      },
      "https://chat.example.org/_matrix/client/versions": {},
    });
    expect(await findServer("example.org")).toEqual({
      baseUrls: ["https://chat.example.org", "https://a.example.org"],
    });
  });

  it("takes the name itself where there is no document", async () => {
    internet({ "https://example.org/_matrix/client/versions": {} });
    expect(await findServer("@alice:example.org")).toEqual({ baseUrls: ["https://example.org"] });
  });

  it("says so where nothing answers", async () => {
    internet({});
    await expect(findServer("example.org")).rejects.toThrow(NoServerError);
  });
});

describe("ownServer", () => {
  it("answers at the page's own address, whatever the document says", async () => {
    internet({
      [`${location.origin}/.well-known/matrix/client`]: {
        "m.homeserver": { base_url: "https://chat.example.org" },
        "org.bongsu.entrances": ["https://a.example.org"],
      },
    });
    expect(await ownServer()).toEqual({ baseUrls: [location.origin, "https://a.example.org"] });
  });
});
