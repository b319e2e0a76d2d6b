import type { MatrixClient } from "matrix-js-sdk";
import { useEffect, useMemo, useState } from "react";

import { useClient } from "../../matrix/RunningProvider.tsx";
import { parsePermalink } from "../room/permalinks.ts";
import { normalise } from "../search/segments.ts";

export interface Person {
  userId: string;
  name: string;
  avatar: string | null | undefined;
}

const most = 20;
const afterMs = 250;

/** People who fit some words: those whom the user knows, those of the server's directory, and whom an address or a link names. */
export function usePeople(words: string): readonly Person[] {
  const client = useClient();
  const trimmed = words.trim();
  const known = useMemo(() => knownPeople(client), [client]);
  const [found, setFound] = useState<{ words: string; people: readonly Person[] }>({ words: "", people: [] });

  useEffect(() => {
    if (trimmed === "") return;
    let wanted = true;
    const timer = setTimeout(() => {
      void findPeople(client, trimmed).then((people) => {
        if (wanted) setFound({ words: trimmed, people });
      });
    }, afterMs);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [client, trimmed]);

  return useMemo(() => {
    const fits = known.filter(({ name, userId }) => normalise(`${name} ${userId}`).includes(normalise(trimmed)));
    const others = trimmed !== "" && found.words === trimmed ? found.people : [];
    const unique = new Map([...fits, ...others].map((person) => [person.userId, person]));
    return [...unique.values()].slice(0, most);
  }, [known, found, trimmed]);
}

function knownPeople(client: MatrixClient): Person[] {
  const people = new Map<string, Person>();
  for (const room of client.getRooms()) {
    for (const member of room.getJoinedMembers()) {
      const { userId, rawDisplayName: name } = member;
      if (userId !== client.getUserId()) people.set(userId, { userId, name, avatar: member.getMxcAvatarUrl() });
    }
  }
  return [...people.values()].sort((a, b) => a.name.localeCompare(b.name));
}

async function findPeople(client: MatrixClient, words: string): Promise<Person[]> {
  const link = parsePermalink(words);
  if (link?.kind === "user") {
    const profile = await client
      .getProfileInfo(link.userId)
      .catch(() => ({ displayname: undefined, avatar_url: undefined }));
    return [{ userId: link.userId, name: profile.displayname ?? link.userId, avatar: profile.avatar_url }];
  }
  const { results } = await client.searchUserDirectory({ term: words, limit: most }).catch(() => ({ results: [] }));
  return results
    .filter(({ user_id }) => user_id !== client.getUserId())
    .map(({ user_id, display_name, avatar_url }) => ({
      userId: user_id,
      name: display_name ?? user_id,
      avatar: avatar_url,
    }));
}
