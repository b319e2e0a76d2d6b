import { Observable } from "../app/observable.ts";

/**
 * A server may have several addresses, its entrances, in different data centres. Requests go through one of them; when that one
 * dies, the next that answers takes over.
 *
 * - A refused or broken connection is noticed at once.
 * - A silent one is noticed by asking again on the side: after `suspectAfter`, or, for a long poll, every `lookEvery`.
 * - What may be sent twice (GET, HEAD, PUT with its transaction id, DELETE) is sent again through the new entrance. A POST is not:
 *   its sender alone knows whether that is right.
 */

export type Reachability = "reached" | "seeking" | "unreached";

export interface EntranceTimes {
  suspectAfter: number;
  lookEvery: number;
  probeTimeout: number;
}

const defaultTimes: EntranceTimes = { suspectAfter: 1_000, lookEvery: 10_000, probeTimeout: 1_000 };

const repeatable = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);
const unwell = new Set([502, 503, 504]);

class EntranceLost extends Error {}

export class Entrances {
  readonly reachability = new Observable<Reachability>("reached");
  private current: string;
  private moving: Promise<boolean> | undefined;
  /** Aborted when the present entrance is given up. */
  private tenure = new AbortController();

  private readonly all: readonly string[];
  private readonly fetchFn: typeof fetch;
  private readonly times: EntranceTimes;

  constructor(baseUrls: readonly string[], fetchFn: typeof fetch = fetch.bind(globalThis), times = defaultTimes) {
    const all = [...new Set(baseUrls.map(withoutTrailingSlash))];
    const [first] = all;
    if (first === undefined) {
      throw new Error("a server has at least one entrance");
    }
    this.all = all;
    this.current = first;
    this.fetchFn = fetchFn;
    this.times = times;
  }

  /** The address through which requests go at the moment. */
  get baseUrl(): string {
    return this.current;
  }

  /** Like the global fetch. Addresses below any of the entrances go through the present one. */
  readonly fetch: typeof fetch = async (input, init) => {
    const path = input instanceof Request ? undefined : this.pathOf(String(input));
    if (path === undefined) {
      return this.fetchFn(input, init);
    }
    const rounds = repeatable.has(init?.method ?? "GET") ? this.all.length : 1;
    for (let round = 1; ; round++) {
      const { tenure } = this;
      try {
        const response = await this.attempt(path, init);
        if (round === rounds || !unwell.has(response.status) || !(await this.leave(tenure))) {
          this.reachability.set("reached");
          return response;
        }
      } catch (error) {
        if (init?.signal?.aborted === true) {
          throw error;
        }
        const moved = await this.leave(tenure);
        if (!moved || round === rounds) {
          throw error;
        }
      }
    }
  };

  private pathOf(url: string): string | undefined {
    const base = this.all.find((b) => url.startsWith(`${b}/`));
    return base === undefined ? undefined : url.slice(base.length);
  }

  /** Sends one request, and watches over the entrance meanwhile. */
  private async attempt(path: string, init: RequestInit | undefined): Promise<Response> {
    const url = this.current + path;
    if (this.all.length === 1) {
      return this.fetchFn(url, init);
    }
    const lost = this.tenure.signal;
    const stopWatching = this.watch(isLongPoll(url) ? this.times.lookEvery : this.times.suspectAfter);
    try {
      return await this.fetchFn(url, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, lost]) : lost });
    } catch (error) {
      throw lost.aborted ? new EntranceLost("the entrance does not answer", { cause: error }) : error;
    } finally {
      stopWatching();
    }
  }

  private watch(interval: number): () => void {
    const { tenure, current } = this;
    let watching = true;
    const timer = setInterval(() => {
      void this.answers(current).then((well) => {
        if (!well && watching) {
          void this.leave(tenure);
        }
      });
    }, interval);
    return () => {
      watching = false;
      clearInterval(timer);
    };
  }

  /** Gives up the entrance of a tenure, unless another request has done so. True when there is a new one. */
  private leave(tenure: AbortController): Promise<boolean> {
    if (tenure !== this.tenure) {
      return Promise.resolve(true);
    }
    this.moving ??= this.move().finally(() => {
      this.moving = undefined;
    });
    return this.moving;
  }

  private async move(): Promise<boolean> {
    if (this.all.length > 1) {
      this.reachability.set("seeking");
    }
    const others = this.all.filter((b) => b !== this.current);
    const next = await Promise.any(others.map((b) => this.mustAnswer(b))).catch(() => undefined);
    if (next === undefined) {
      this.reachability.set("unreached");
      return false;
    }
    const { tenure } = this;
    this.current = next;
    this.tenure = new AbortController();
    tenure.abort();
    this.reachability.set("reached");
    return true;
  }

  private async mustAnswer(baseUrl: string): Promise<string> {
    if (!(await this.answers(baseUrl))) {
      throw new EntranceLost(`${baseUrl} does not answer`);
    }
    return baseUrl;
  }

  private async answers(baseUrl: string): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(this.times.probeTimeout);
      const response = await this.fetchFn(`${baseUrl}/_matrix/client/versions`, { signal, cache: "no-store" });
      return response.ok;
    } catch {
      return false;
    }
  }
}

function isLongPoll(url: string): boolean {
  const timeout = new URL(url).searchParams.get("timeout");
  return timeout !== null && timeout !== "0";
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
