import { EventType } from "matrix-js-sdk";
import { describe, expect, it, vi } from "vitest";
import type { Collection } from "../../vault/vault.ts";
import type { OutboxEntry } from "./entry.ts";
import { Outbox, type Transport } from "./outbox.ts";

class Refusal extends Error {}

function memory<T>(): Collection<T> {
  const values = new Map<string, unknown>();
  return {
    get: (id) => Promise.resolve(values.get(id) as T | undefined),
    put: (id, value) => Promise.resolve(void values.set(id, value)),
    getBytes: (id) => Promise.resolve(values.get(id) as ArrayBuffer | undefined),
    putBytes: (id, bytes) => Promise.resolve(void values.set(id, bytes)),
    delete: (id) => Promise.resolve(void values.delete(id)),
    ids: () => Promise.resolve([...values.keys()]),
    all: () => Promise.resolve([...values.values()] as T[]),
  };
}

/** A server that gives one event to one transaction id, and whose answers can be lost. */
function server() {
  const events = new Map<string, string>();
  const order: string[] = [];
  const faults: unknown[] = [];
  const transport = {
    upload: vi.fn<Transport["upload"]>(() => Promise.resolve({ url: "mxc://x/file" })),
    send: vi.fn<Transport["send"]>((entry) => {
      const fault = faults.shift();
      if (fault === "no network") return Promise.reject(new Error(fault));
      if (fault instanceof Refusal) return Promise.reject(fault);
      if (!events.has(entry.txnId)) {
        events.set(entry.txnId, `$${String(events.size)}`);
        order.push(entry.txnId);
      }
      if (fault === "lost answer") return Promise.reject(new Error(fault));
      return Promise.resolve(events.get(entry.txnId) ?? "");
    }),
    discard: vi.fn<Transport["discard"]>(),
    isRefusal: (error: unknown) => error instanceof Refusal,
    pause: () => 0,
  };
  return { events, order, faults, transport };
}

function message(txnId: string, roomId = "!r"): OutboxEntry {
  return { txnId, roomId, type: EventType.RoomMessage, content: { body: txnId }, createdAt: Number(txnId) };
}

function stores() {
  return { entries: memory<OutboxEntry>(), files: memory<never>() };
}

function phases(outbox: Outbox, roomId = "!r"): string[] {
  return outbox.outgoing(roomId).map(({ phase }) => phase.name);
}

async function untilPhases(outbox: Outbox, ...wanted: string[]): Promise<void> {
  await vi.waitFor(() => {
    expect(phases(outbox)).toEqual(wanted);
  });
}

describe("the outbox", () => {
  it("forgets a message on the device when the server has it, and shows it until its echo has come", async () => {
    const kept = stores();
    const outbox = new Outbox(kept, server().transport);
    await outbox.add(message("1"));
    await untilPhases(outbox, "sent");
    await vi.waitFor(async () => {
      expect(await kept.entries.ids()).toEqual([]);
    });
    await outbox.acknowledge("1");
    expect(phases(outbox)).toEqual([]);
  });

  it.each([["no network"], ["lost answer"]])("makes one event of a message although: %s", async (fault) => {
    const { transport, events, faults } = server();
    faults.push(fault, fault);
    const outbox = new Outbox(stores(), transport);
    await outbox.add(message("1"));
    await untilPhases(outbox, "sent");
    expect(events.size).toBe(1);
    expect(transport.send).toHaveBeenCalledTimes(3);
  });

  it("sends what an earlier page left behind, once and in order", async () => {
    const kept = stores();
    const { transport, order, faults } = server();
    faults.push("lost answer");
    const first = new Outbox(kept, { ...transport, pause: () => 1e6 });
    await first.add(message("1"));
    await first.add(message("2"));
    await vi.waitFor(() => {
      expect(order).toEqual(["1"]);
    });
    first.stop();
    const second = new Outbox(kept, transport);
    await second.restore();
    await untilPhases(second, "sent", "sent");
    expect(order).toEqual(["1", "2"]);
  });

  it("keeps the order in a room, and lets no room wait for another", async () => {
    const { transport, order, faults } = server();
    faults.push("no network");
    const outbox = new Outbox(stores(), { ...transport, pause: () => 1e6 });
    await outbox.add(message("1", "!a"));
    await outbox.add(message("2", "!a"));
    await outbox.add(message("3", "!b"));
    await vi.waitFor(() => {
      expect(order).toEqual(["3"]);
    });
    outbox.wake();
    await vi.waitFor(() => {
      expect(order).toEqual(["3", "1", "2"]);
    });
  });

  it("asks the sender about a refused message, and goes on with the next", async () => {
    const { transport, order, faults } = server();
    faults.push(new Refusal("too large"));
    const outbox = new Outbox(stores(), transport);
    await outbox.add(message("1"));
    await outbox.add(message("2"));
    await untilPhases(outbox, "failed", "sent");
    outbox.retry("1");
    await vi.waitFor(() => {
      expect(order).toEqual(["2", "1"]);
    });
  });

  it("forgets a message that was taken back", async () => {
    const kept = stores();
    const { transport, events, faults } = server();
    faults.push("no network");
    const outbox = new Outbox(kept, { ...transport, pause: () => 1e6 });
    await outbox.add(message("1"));
    await untilPhases(outbox, "waiting");
    await outbox.cancel("1");
    expect(phases(outbox)).toEqual([]);
    expect(await kept.entries.ids()).toEqual([]);
    expect(events.size).toBe(0);
  });

  it("uploads a file and its small picture once, although the message is sent twice", async () => {
    const { transport, faults } = server();
    faults.push("no network");
    const outbox = new Outbox(stores(), transport);
    const file = { name: "a.txt", mimetype: "text/plain", size: 1 };
    await outbox.add({ ...message("1"), file, thumbnail: file }, { file: new Blob(["a"]), thumbnail: new Blob(["b"]) });
    await untilPhases(outbox, "sent");
    expect(transport.upload).toHaveBeenCalledTimes(2);
    const sent = transport.send.mock.lastCall?.[0];
    expect(sent?.file).toEqual({ ...file, uploaded: { url: "mxc://x/file" } });
  });
});
