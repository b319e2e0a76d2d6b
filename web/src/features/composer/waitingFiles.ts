import { Observable } from "../../app/observable.ts";
import { useObservable } from "../../app/useObservable.ts";
import { useConversation, type Conversation } from "../timeline/model/conversation.tsx";

const most = 20;

const waiting = new WeakMap<Conversation, Observable<readonly File[]>>();

function waitingFilesOf(conversation: Conversation): Observable<readonly File[]> {
  const files = waiting.get(conversation) ?? new Observable<readonly File[]>([]);
  waiting.set(conversation, files);
  return files;
}

/** Files that were chosen, pasted or dropped for the next message of the open conversation. */
export function useWaitingFiles() {
  const files = waitingFilesOf(useConversation());
  return {
    list: useObservable(files),
    add: (more: readonly File[]) => files.update((list) => [...list, ...more].slice(0, most)),
    remove: (file: File) => files.update((list) => list.filter((other) => other !== file)),
    clear: () => files.set([]),
  };
}
