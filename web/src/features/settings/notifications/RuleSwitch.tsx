import { ClientEvent, type MatrixClient } from "matrix-js-sdk";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { useEmitted } from "../../../matrix/useEmitted.ts";
import { Switch } from "../../../ui/Switch.tsx";
import type { RuleSet } from "./rules.ts";

const events = [ClientEvent.AccountData] as const;

export function RuleSwitch({ set }: { set: RuleSet }) {
  const t = useTranslations("settings.notifications");
  const client = useClient();
  const { act, busy } = useAct();
  const on = useEmitted(client, events, () => isOn(client, set));
  const change = (enabled: boolean): void =>
    void act(() =>
      Promise.all(set.rules.map(({ kind, id }) => client.setPushRuleEnabled("global", kind, id, enabled))),
    );
  return (
    <Switch label={t(set.id)} description={t(`${set.id}Text`)} isSelected={on} isDisabled={busy} onChange={change} />
  );
}

function isOn(client: MatrixClient, { rules }: RuleSet): boolean {
  const known = client.pushRules?.global;
  return rules.some(({ kind, id }) => known?.[kind]?.some((rule) => rule.rule_id === id && rule.enabled) === true);
}
