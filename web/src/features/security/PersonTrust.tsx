import { useTranslations } from "use-intl";

import { useAct } from "../../app/useAct.ts";
import { acceptKeys } from "../../matrix/personTrust.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { mustCrypto } from "../../matrix/security.ts";
import { Banner } from "../../ui/Banner.tsx";
import { Button } from "../../ui/Button.tsx";
import { usePersonTrust } from "./usePersonTrust.ts";
import { beginVerification } from "./verification/current.ts";

interface Props {
  userId: string;
  /** The room in which the two would verify each other. */
  roomId: string;
}

/** Says how sure one can be of a person's keys, and lets one make sure. */
export function PersonTrust({ userId, roomId }: Props) {
  const t = useTranslations("security.person");
  const client = useClient();
  const { act, busy } = useAct();
  const trust = usePersonTrust(userId);
  if (trust === undefined) {
    return null;
  }
  if (trust === "verified") {
    return <Banner tone="good">{t("verified")}</Banner>;
  }
  if (trust === "unknown") {
    return <Banner>{t("unknown")}</Banner>;
  }
  const verify = (): void =>
    void act(() => beginVerification(() => mustCrypto(client).requestVerificationDM(userId, roomId)));
  return (
    <Banner
      tone={trust === "changed" ? "bad" : "plain"}
      actions={
        <>
          <Button isPending={busy} onPress={verify}>
            {t("verify")}
          </Button>
          {trust === "changed" && (
            <Button look="quiet" onPress={() => void act(() => acceptKeys(client, userId))}>
              {t("accept")}
            </Button>
          )}
        </>
      }
    >
      {t(trust)}
    </Banner>
  );
}
