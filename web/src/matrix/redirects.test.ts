import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { finishRedirect, RedirectError } from "./redirects.ts";

const server = { baseUrls: ["https://example.org"] };
const pending = (value: object): void => sessionStorage.setItem("bongsu.redirect", JSON.stringify(value));

beforeEach(() => sessionStorage.clear());
afterEach(() => vi.unstubAllGlobals());

describe("finishRedirect", () => {
  it.each([
    ["nothing was begun", undefined, "?loginToken=t", "no login was begun"],
    ["the server refused", { kind: "sso", server }, "?error=access_denied", "access_denied"],
    ["the answer has no token", { kind: "sso", server }, "", "no loginToken"],
    [
      "the answer is another login's",
      { kind: "oauth", server, state: "a", context: {} },
      "?state=b&code=c",
      "another login",
    ],
  ])("fails when %s", async (_name, begun, search, message) => {
    if (begun !== undefined) {
      pending(begun);
    }
    await expect(finishRedirect({ search, hash: "" })).rejects.toThrow(RedirectError);
    if (begun !== undefined) {
      pending(begun);
    }
    await expect(finishRedirect({ search, hash: "" })).rejects.toThrow(message);
  });

  it("logs in by the token, once", async () => {
    pending({ kind: "sso", server });
    const asked: unknown[] = [];
    vi.stubGlobal("fetch", (_url: URL, init: RequestInit) => {
      asked.push(JSON.parse(init.body as string));
      return Promise.resolve(Response.json({ user_id: "@a:example.org", device_id: "D", access_token: "t" }));
    });
    const session = await finishRedirect({ search: "?loginToken=abc", hash: "" });
    expect(session).toMatchObject({ ...server, userId: "@a:example.org", deviceId: "D", accessToken: "t" });
    expect(asked).toMatchObject([{ type: "m.login.token", token: "abc" }]);
    await expect(finishRedirect({ search: "?loginToken=abc", hash: "" })).rejects.toThrow(RedirectError);
  });
});
