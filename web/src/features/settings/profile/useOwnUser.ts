import type { User } from "matrix-js-sdk";
import { useEffect } from "react";

import { useClient } from "../../../matrix/RunningProvider.tsx";

/** The user who is signed in. The SDK knows the own profile from rooms alone, so it is fetched, too. */
export function useOwnUser(): User {
  const client = useClient();
  const user = client.getUser(client.getSafeUserId());
  if (user === null) {
    throw new Error("the client has no user of its own");
  }
  useEffect(() => {
    client
      .getProfileInfo(user.userId)
      .then(({ displayname, avatar_url }) => {
        user.setDisplayName(displayname ?? "");
        user.setAvatarUrl(avatar_url ?? "");
      })
      .catch(() => undefined); // what is known already is shown
  }, [client, user]);
  return user;
}
