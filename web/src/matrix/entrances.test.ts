import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Entrances } from "./entrances.ts";

const a = "http://a.test";
const b = "http://b.test";
const times = { suspectAfter: 1_000, lookEvery: 10_000, probeTimeout: 1_000 };

type Behaviour = "answers" | "refuses" | "silent" | number;

/** A network in which each host behaves as it is told, and remembers what it was asked. */
class Network {
  readonly hosts: Record<string, Behaviour> = { [a]: "answers", [b]: "answers" };
  readonly seen: string[] = [];

  readonly fetch: typeof fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.pathname !== "/_matrix/client/versions") {
      this.seen.push(`${init?.method ?? "GET"} ${url.href}`);
    }
    const behaviour = this.hosts[url.origin];
    if (behaviour === "refuses") return Promise.reject(new TypeError("refused"));
    if (behaviour === "silent") return untilAborted(init?.signal);
    return Promise.resolve(new Response("{}", { status: typeof behaviour === "number" ? behaviour : 200 }));
  };
}

function untilAborted(signal: AbortSignal | null | undefined): Promise<Response> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
  });
}

describe("Entrances", () => {
  let network: Network;
  let entrances: Entrances;

  beforeEach(() => {
    vi.useFakeTimers();
    // Node's own timeout signal does not follow the tests' clock.
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), ms);
      return controller.signal;
    });
    network = new Network();
    entrances = new Entrances([a, b], network.fetch, times);
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it("stays with the first one while that answers", async () => {
    await entrances.fetch(`${a}/x`);
    expect(network.seen).toEqual([`GET ${a}/x`]);
    expect(entrances.baseUrl).toBe(a);
  });

  it.each(["refuses", 503] as const)("goes on to the next when one %s", async (behaviour) => {
    network.hosts[a] = behaviour;
    const response = await entrances.fetch(`${a}/send/txn1`, { method: "PUT", body: "{}" });
    expect(response.status).toBe(200);
    expect(network.seen).toEqual([`PUT ${a}/send/txn1`, `PUT ${b}/send/txn1`]);
    expect(entrances.reachability.get()).toBe("reached");
  });

  it("leaves a silent one after two seconds", async () => {
    network.hosts[a] = "silent";
    const answer = entrances.fetch(`${a}/x`);
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await answer).status).toBe(200);
    expect(network.seen).toEqual([`GET ${a}/x`, `GET ${b}/x`]);
  });

  it("lets a long poll wait where the server is well", async () => {
    const poll = entrances.fetch(`${a}/sync?timeout=30000`);
    await poll;
    expect(entrances.baseUrl).toBe(a);
  });

  it("does not send a POST twice", async () => {
    network.hosts[a] = "refuses";
    await expect(entrances.fetch(`${a}/invite`, { method: "POST", body: "{}" })).rejects.toThrow("refused");
    expect(network.seen).toEqual([`POST ${a}/invite`]);
    expect(entrances.baseUrl).toBe(b);
  });

  it("says so when none answers, and comes back", async () => {
    network.hosts[a] = "refuses";
    network.hosts[b] = "refuses";
    await expect(entrances.fetch(`${a}/x`)).rejects.toThrow("refused");
    expect(entrances.reachability.get()).toBe("unreached");
    network.hosts[b] = "answers";
    expect((await entrances.fetch(`${a}/x`)).status).toBe(200);
    expect(entrances.reachability.get()).toBe("reached");
  });

  it("ends with the request that its caller gives up", async () => {
    network.hosts[a] = "silent";
    const caller = new AbortController();
    const answer = entrances.fetch(`${a}/x`, { signal: caller.signal });
    caller.abort();
    await expect(answer).rejects.toThrow("aborted");
    expect(entrances.baseUrl).toBe(a);
  });

  it("leaves other addresses alone", async () => {
    await entrances.fetch("http://elsewhere.test/x");
    expect(network.seen).toEqual(["GET http://elsewhere.test/x"]);
  });
});
