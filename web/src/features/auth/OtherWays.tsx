import { SSOAction } from "matrix-js-sdk/lib/@types/auth";
import { useTranslations } from "use-intl";

import { useAct } from "../../app/useAct.ts";
import type { FoundServer } from "../../matrix/discovery.ts";
import type { LoginWays } from "../../matrix/login.ts";
import { goToOAuth, goToSso } from "../../matrix/redirects.ts";
import { Button } from "../../ui/Button.tsx";
import styles from "./OtherWays.module.css";

interface Props {
  server: FoundServer;
  ways: LoginWays;
  purpose: "login" | "create";
}

/** The ways in that lead over a page of the server: OAuth 2.0 where the server has it, else the older single sign-on. */
export function OtherWays({ server, ways, purpose }: Props) {
  const t = useTranslations("auth");
  const { act, busy } = useAct();
  const action = purpose === "create" ? SSOAction.REGISTER : SSOAction.LOGIN;
  if (ways.oauth === undefined && ways.providers.length === 0) {
    return null;
  }
  return (
    <div className={styles.ways}>
      {ways.password && <span className={styles.or}>{t("or")}</span>}
      {ways.oauth !== undefined ? (
        <Button isPending={busy} onPress={() => void act(() => goToOAuth(server, purpose))}>
          {t("onServerPage")}
        </Button>
      ) : (
        ways.providers.map(({ id, name }) => (
          <Button key={id ?? ""} onPress={() => goToSso(server, id, action)}>
            {name === undefined ? t("singleSignOn") : t("with", { provider: name })}
          </Button>
        ))
      )}
    </div>
  );
}
