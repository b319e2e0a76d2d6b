import { type AuthDict, MatrixError } from "matrix-js-sdk";
import { describe, expect, it, vi } from "vitest";

import { type Challenge, nextStage, withUia } from "./uia.ts";

describe("nextStage", () => {
  it.each([
    ["the only one", [["m.login.dummy"]], [], "m.login.dummy"],
    ["what is not done yet", [["m.login.terms", "m.login.dummy"]], ["m.login.terms"], "m.login.dummy"],
    ["a form of the app before a page of the server", [["m.login.sso"], ["m.login.password"]], [], "m.login.password"],
    ["the shorter of two", [["m.login.terms", "m.login.dummy"], ["m.login.password"]], [], "m.login.password"],
    ["nothing where nothing is offered", [], [], undefined],
  ])("is %s", (_name, stages, completed, want) => {
    expect(nextStage({ flows: stages.map((s) => ({ stages: s })), completed })).toBe(want);
  });
});

describe("withUia", () => {
  const unauthorised = (data: object): MatrixError => new MatrixError({ session: "s", ...data }, 401);

  it("answers each stage, and takes a dummy for granted", async () => {
    const seen: (AuthDict | null)[] = [];
    const flows = [{ stages: ["m.login.registration_token", "m.login.dummy"] }];
    const request = (auth: AuthDict | null): Promise<string> => {
      seen.push(auth);
      const completed = seen.length > 1 ? ["m.login.registration_token"] : [];
      return seen.length < 3 ? Promise.reject(unauthorised({ flows, completed })) : Promise.resolve("made");
    };
    const ask = vi.fn((challenge: Challenge) => Promise.resolve({ type: challenge.stage, token: "t" }));

    expect(await withUia(request, ask)).toBe("made");
    expect(seen).toEqual([
      null,
      { type: "m.login.registration_token", token: "t" },
      { type: "m.login.dummy", session: "s" },
    ]);
    expect(ask).toHaveBeenCalledOnce();
  });

  it("asks again with the server's remark after a wrong answer", async () => {
    const remarks: (string | undefined)[] = [];
    const request = (auth: AuthDict | null): Promise<string> => {
      const flows = [{ stages: ["m.login.password"] }];
      if (auth === null) return Promise.reject(unauthorised({ flows }));
      if (remarks.length < 2) return Promise.reject(unauthorised({ flows, error: "Wrong password" }));
      return Promise.resolve("done");
    };
    const ask = (challenge: Challenge): Promise<AuthDict> => {
      remarks.push(challenge.error);
      return Promise.resolve({ type: challenge.stage });
    };
    await withUia(request, ask);
    expect(remarks).toEqual([undefined, "Wrong password"]);
  });

  it("passes on every other failure", async () => {
    const error = new MatrixError({ errcode: "M_FORBIDDEN" }, 403);
    await expect(withUia(() => Promise.reject(error), vi.fn())).rejects.toBe(error);
  });
});
