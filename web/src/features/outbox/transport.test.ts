import { ConnectionError, EventType, type MatrixClient, MatrixError } from "matrix-js-sdk";
import { describe, expect, it, vi } from "vitest";

import type { OutboxEntry } from "./entry.ts";
import { ClientTransport } from "./transport.ts";

const entry: OutboxEntry = {
  txnId: "t1",
  roomId: "!r",
  type: EventType.RoomMessage,
  content: { body: "hi" },
  createdAt: 0,
};

function client(pending: { getTxnId: () => string }[] | undefined) {
  const sendEvent = vi.fn(() => Promise.resolve({ event_id: "$sent" }));
  const resendEvent = vi.fn(() => Promise.resolve({ event_id: "$resent" }));
  const getRoom = () => pending && { getPendingEvents: () => pending };
  const transport = new ClientTransport({ sendEvent, resendEvent, getRoom } as unknown as MatrixClient);
  return { transport, sendEvent, resendEvent };
}

describe("the way to the server", () => {
  it("sends with the transaction id of the entry", async () => {
    const { transport, sendEvent } = client([]);
    expect(await transport.send(entry)).toBe("$sent");
    expect(sendEvent).toHaveBeenCalledWith("!r", null, "m.room.message", { body: "hi" }, "t1");
  });

  it("sends again what the SDK has begun to send", async () => {
    const { transport, sendEvent, resendEvent } = client([{ getTxnId: () => "t1" }]);
    expect(await transport.send(entry)).toBe("$resent");
    expect(resendEvent).toHaveBeenCalledOnce();
    expect(sendEvent).not.toHaveBeenCalled();
  });

  it("sends nothing to a room of which it does not know whether it is encrypted", async () => {
    const { transport, sendEvent } = client(undefined);
    await expect(transport.send(entry)).rejects.toThrow();
    expect(sendEvent).not.toHaveBeenCalled();
  });

  it.each<[string, Error, boolean]>([
    ["no connection", new ConnectionError("x"), false],
    ["too much at once", new MatrixError({ errcode: "M_LIMIT_EXCEEDED" }, 429), false],
    ["the server is ill", new MatrixError({ errcode: "M_UNKNOWN" }, 503), false],
    ["the token is being renewed", new MatrixError({ errcode: "M_UNKNOWN_TOKEN" }, 401), false],
    ["not allowed", new MatrixError({ errcode: "M_FORBIDDEN" }, 403), true],
    ["too large", new MatrixError({ errcode: "M_TOO_LARGE" }, 413), true],
    ["anything else", new Error("x"), false],
  ])("takes it for a refusal or not: %s", (_, error, refusal) => {
    expect(client([]).transport.isRefusal(error)).toBe(refusal);
  });

  it("waits longer after each attempt, within bounds, and as long as the server asks", () => {
    const { transport } = client([]);
    expect(transport.pause(new Error("x"), 1)).toBeLessThan(2000);
    expect(transport.pause(new Error("x"), 50)).toBeLessThanOrEqual(40_000);
    const limited = new MatrixError({ errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 60_000 }, 429);
    expect(transport.pause(limited, 1)).toBe(60_000);
  });
});
