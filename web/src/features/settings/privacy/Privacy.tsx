import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import {
  type AccountPreferences,
  setAccountPreference,
  useAccountPreference,
} from "../../../matrix/accountPreferences.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { Switch } from "../../../ui/Switch.tsx";
import { Group } from "../Group.tsx";

export default function Privacy() {
  return (
    <Group>
      <Preference name="readReceipts" />
      <Preference name="presence" />
      <Preference name="linkPreviews" />
    </Group>
  );
}

function Preference({ name }: { name: keyof AccountPreferences }) {
  const t = useTranslations("settings.privacy");
  const client = useClient();
  const { act } = useAct();
  const value = useAccountPreference(name);
  const change = (chosen: boolean): void => void act(() => setAccountPreference(client, name, chosen));
  return <Switch label={t(name)} description={t(`${name}Text`)} isSelected={value} onChange={change} />;
}
