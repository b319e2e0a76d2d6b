// What was begun and not sent: one draft for each room and each thread, kept in the vault, shown in the list of chats.
import { Observable } from "../../app/observable.ts";
import type { Collection } from "../../vault/vault.ts";
import type { Mention } from "./markdown.ts";

export interface Draft {
  text: string;
  mentions: Mention[];
}

export type DraftTexts = ReadonlyMap<string, Draft>;

export class Drafts {
  readonly all = new Observable<DraftTexts>(new Map());
  private readonly kept: Collection<{ place: string; draft: Draft }>;

  constructor(kept: Collection<{ place: string; draft: Draft }>) {
    this.kept = kept;
  }

  async restore(): Promise<void> {
    const drafts = await this.kept.all();
    this.all.set(new Map(drafts.map(({ place, draft }) => [place, draft])));
  }

  get(place: string): Draft | undefined {
    return this.all.get().get(place);
  }

  /** Keeps a draft; an empty one is forgotten. */
  async set(place: string, draft: Draft): Promise<void> {
    const drafts = new Map(this.all.get());
    if (draft.text.trim() === "") {
      if (!drafts.delete(place)) return;
      this.all.set(drafts);
      await this.kept.delete(place);
      return;
    }
    drafts.set(place, draft);
    this.all.set(drafts);
    await this.kept.put(place, { place, draft });
  }
}

/** Where a draft belongs. */
export function draftPlace(roomId: string, threadId?: string): string {
  return threadId === undefined ? roomId : `${roomId} ${threadId}`;
}
