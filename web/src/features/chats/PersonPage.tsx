import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { roomPath } from "../../app/routes.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { Avatar } from "../media/Avatar.tsx";
import { BackBar } from "./BackBar.tsx";
import { openDirectChat } from "./create.ts";

interface Profile {
  displayname?: string;
  avatar_url?: string;
}

/** A person to whom a link has led. */
export default function PersonPage({ userId }: { userId: string }) {
  const t = useTranslations("chats.person");
  const client = useClient();
  const [, navigate] = useLocation();
  const { act, busy } = useAct();
  const [profile, setProfile] = useState<Profile>({});
  useEffect(() => {
    let wanted = true;
    client
      .getProfileInfo(userId)
      .then((found) => wanted && setProfile(found))
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [client, userId]);
  const start = (): void => void act(async () => navigate(roomPath(await openDirectChat(client, userId))));
  const name = profile.displayname ?? userId;
  return (
    <>
      <BackBar />
      <Notice title={name} text={userId}>
        <Avatar id={userId} name={name} mxc={profile.avatar_url} size="xl" />
        {userId !== client.getUserId() && (
          <Button look="primary" isPending={busy} onPress={start}>
            {t("chat")}
          </Button>
        )}
      </Notice>
    </>
  );
}
