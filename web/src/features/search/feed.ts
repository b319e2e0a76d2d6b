// Feeds the search index with what this device has decrypted, as it comes and as it is scrolled through.
import {
  EventType,
  type MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
  RelationType,
  RoomEvent,
} from "matrix-js-sdk";

import { withoutQuote } from "../timeline/content/sanitise.ts";
import type { MessageIndex } from "./segments.ts";

/** Connects an index with a client; returns how to part them. */
export function feedIndex(client: MatrixClient, index: MessageIndex): () => void {
  const take = (event: MatrixEvent): void => void indexEvent(index, event);
  const onRedaction = (redaction: MatrixEvent): void => {
    const redacted = redaction.event.redacts ?? (redaction.getContent().redacts as unknown);
    if (typeof redacted === "string") void index.remove(redacted);
  };
  const flush = (): void => void index.flush();
  client.on(RoomEvent.Timeline, take);
  client.on(MatrixEventEvent.Decrypted, take);
  client.on(RoomEvent.Redaction, onRedaction);
  window.addEventListener("pagehide", flush);
  return () => {
    client.off(RoomEvent.Timeline, take);
    client.off(MatrixEventEvent.Decrypted, take);
    client.off(RoomEvent.Redaction, onRedaction);
    window.removeEventListener("pagehide", flush);
  };
}

async function indexEvent(index: MessageIndex, event: MatrixEvent): Promise<void> {
  if (event.getType() !== EventType.RoomMessage.valueOf() || event.status !== null || event.isRedacted()) return;
  const content = event.getContent();
  const edit = event.getRelation()?.rel_type === RelationType.Replace ? event.getRelation()?.event_id : undefined;
  const newContent = content["m.new_content"] as { body?: unknown } | undefined;
  const body: unknown = edit === undefined ? content.body : newContent?.body;
  const eventId = edit ?? event.getId();
  const roomId = event.getRoomId();
  const sender = event.getSender();
  if (typeof body !== "string" || !eventId || !roomId || !sender) return;
  // An edited message that is seen again in history must not get its first text back.
  if (edit === undefined && (await index.has(eventId))) return;
  await index.put({ eventId, roomId, sender, ts: event.getTs(), text: withoutQuote(body) });
}
