import type { Room } from "matrix-js-sdk";
import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api";
import { useCallback } from "react";
import { useTranslations } from "use-intl";

import { useAct } from "../../app/useAct.ts";
import { acceptKeys, personTrust } from "../../matrix/personTrust.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { mustCrypto } from "../../matrix/security.ts";
import { useAsyncEmitted } from "../../matrix/useAsyncEmitted.ts";
import { Banner } from "../../ui/Banner.tsx";
import { Button } from "../../ui/Button.tsx";
import { beginVerification } from "./verification/current.ts";

const events = [CryptoEvent.UserTrustStatusChanged] as const;

/** In a bigger group nobody verifies everybody, and a look at each would take its time. */
const mostMembers = 100;

/** Warns, over the messages of an encrypted room, when somebody there has other keys than before. One at a time. */
export function ChangedKeys({ room }: { room: Room }) {
  const t = useTranslations("security.person");
  const client = useClient();
  const { act, busy } = useAct();
  const read = useCallback(async () => {
    if (!room.hasEncryptionStateEvent()) {
      return [];
    }
    const others = room.getJoinedMembers().filter(({ userId }) => userId !== client.getUserId());
    const trusts = others.slice(0, mostMembers).map(async ({ userId }) => [userId, await personTrust(client, userId)]);
    return (await Promise.all(trusts)).flatMap(([userId, trust]) => (trust === "changed" ? userId : []));
  }, [client, room]);
  const [userId] = useAsyncEmitted(client, events, read) ?? [];

  if (userId === undefined) {
    return null;
  }
  const verify = (): void =>
    void act(() => beginVerification(() => mustCrypto(client).requestVerificationDM(userId, room.roomId)));
  return (
    <Banner
      tone="bad"
      actions={
        <>
          <Button isPending={busy} onPress={verify}>
            {t("verify")}
          </Button>
          <Button look="quiet" onPress={() => void act(() => acceptKeys(client, userId))}>
            {t("accept")}
          </Button>
        </>
      }
    >
      {t("changedIn", { name: room.getMember(userId)?.name ?? userId })}
    </Banner>
  );
}
