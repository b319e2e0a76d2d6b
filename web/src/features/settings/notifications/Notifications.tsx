import { useCallback, useState } from "react";
import { useLocale, useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useLoaded } from "../../../app/useLoaded.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { pushState, subscribe, unsubscribe } from "../../../matrix/webPush.ts";
import { Banner } from "../../../ui/Banner.tsx";
import { Switch } from "../../../ui/Switch.tsx";
import { Group } from "../Group.tsx";
import { RuleSwitch } from "./RuleSwitch.tsx";
import { ruleSets } from "./rules.ts";

export default function Notifications() {
  const t = useTranslations("settings.notifications");
  return (
    <>
      <Group title={t("thisBrowser")}>
        <WebPush />
      </Group>
      <Group title={t("everywhere")} text={t("everywhereText")}>
        {ruleSets.map((set) => (
          <RuleSwitch key={set.id} set={set} />
        ))}
      </Group>
    </>
  );
}

function WebPush() {
  const t = useTranslations("settings.notifications");
  const client = useClient();
  const locale = useLocale();
  const { act, busy } = useAct();
  const [round, setRound] = useState(0);
  const state = useLoaded(
    useCallback(() => pushState(client), [client]),
    round,
  );
  if (state === undefined) {
    return null;
  }
  if (state === "unsupported" || state === "forbidden") {
    return <Banner>{t(state)}</Banner>;
  }
  const change = async (on: boolean): Promise<void> => {
    await act(() => (on ? subscribe(client, locale) : unsubscribe(client)));
    setRound(round + 1);
  };
  return (
    <Switch
      label={t("push")}
      description={t("pushText")}
      isSelected={state === "on"}
      isDisabled={busy}
      onChange={(on) => void change(on)}
    />
  );
}
