// The texts of messages, for searching on the device: what the server cannot search, since it cannot read it.
//
// Texts lie in segments of some hundred messages, each sealed as one piece in the vault. A search opens the segments from the newest
// to the oldest and looks at every text, which finds parts of words in any script without telling the database which words there are;
// opening a hundred thousand messages takes well under a second. An edit replaces a text, a deletion removes it.
import type { Collection } from "../../vault/vault.ts";

const segmentSize = 256;

export interface IndexedMessage {
  eventId: string;
  roomId: string;
  sender: string;
  ts: number;
  text: string;
}

export type Segment = Record<string, IndexedMessage>;

export interface SearchQuery {
  words: string;
  roomId?: string;
  limit: number;
}

export class MessageIndex {
  private readonly segments: Collection<Segment>;
  private readonly places = new Map<string, string>();
  private open: { id: string; segment: Segment } | undefined;
  private ready: Promise<void> | undefined;
  private changed = new Map<string, Segment>();
  private saving: ReturnType<typeof setTimeout> | undefined;

  constructor(segments: Collection<Segment>) {
    this.segments = segments;
  }

  /** Takes a message in; one that is known already gets the new text. */
  async put(message: IndexedMessage): Promise<void> {
    await this.load();
    const known = this.places.get(message.eventId);
    const place = known === undefined ? this.room() : await this.segment(known);
    place.segment[message.eventId] = message;
    this.places.set(message.eventId, place.id);
    this.save(place.id, place.segment);
  }

  async remove(eventId: string): Promise<void> {
    await this.load();
    const known = this.places.get(eventId);
    if (known === undefined) return;
    const place = await this.segment(known);
    const rest = Object.fromEntries(Object.entries(place.segment).filter(([id]) => id !== eventId));
    if (this.open?.id === place.id) this.open.segment = rest;
    this.places.delete(eventId);
    this.save(place.id, rest);
  }

  async has(eventId: string): Promise<boolean> {
    await this.load();
    return this.places.has(eventId);
  }

  /** The messages that contain all the words, the newest first. */
  async search({ words, roomId, limit }: SearchQuery): Promise<IndexedMessage[]> {
    await this.load();
    const wanted = normalise(words).split(/\s+/).filter(Boolean);
    if (wanted.length === 0) return [];
    const found: IndexedMessage[] = [];
    for (const id of new Set(this.places.values())) {
      const { segment } = await this.segment(id);
      for (const message of Object.values(segment)) {
        if (roomId !== undefined && message.roomId !== roomId) continue;
        const text = normalise(message.text);
        if (wanted.every((word) => text.includes(word))) found.push(message);
      }
    }
    return found.sort((a, b) => b.ts - a.ts).slice(0, limit);
  }

  /** Writes what has not been written yet. */
  async flush(): Promise<void> {
    clearTimeout(this.saving);
    this.saving = undefined;
    const { changed } = this;
    this.changed = new Map();
    for (const [id, segment] of changed) await this.segments.put(id, segment);
  }

  private load(): Promise<void> {
    this.ready ??= this.readPlaces();
    return this.ready;
  }

  private async readPlaces(): Promise<void> {
    for (const id of await this.segments.ids()) {
      const segment = (await this.segments.get(id)) ?? {};
      for (const eventId of Object.keys(segment)) this.places.set(eventId, id);
      this.open = { id, segment };
    }
  }

  /** The segment that still takes messages in. */
  private room(): { id: string; segment: Segment } {
    if (!this.open || Object.keys(this.open.segment).length >= segmentSize) {
      const number = this.open ? Number(this.open.id) + 1 : 0;
      this.open = { id: String(number).padStart(8, "0"), segment: {} };
    }
    return this.open;
  }

  private async segment(id: string): Promise<{ id: string; segment: Segment }> {
    if (this.open?.id === id) return this.open;
    const segment = this.changed.get(id) ?? (await this.segments.get(id)) ?? {};
    return { id, segment };
  }

  // Messages come in bursts: a segment is sealed once for many of them.
  private save(id: string, segment: Segment): void {
    this.changed.set(id, segment);
    this.saving ??= setTimeout(() => void this.flush(), 1000);
  }
}

/** What counts as the same when searching: letters regardless of case, of accents, and of how a script composes them. */
export function normalise(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
}
