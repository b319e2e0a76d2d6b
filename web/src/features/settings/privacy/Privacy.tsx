import { SetPresence } from "matrix-js-sdk/lib/sync";
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
  const client = useClient();
  return (
    <Group>
      <Preference name="readReceipts" />
      <Preference
        name="presence"
        onChange={(shown) => client.setSyncPresence(shown ? SetPresence.Online : SetPresence.Offline)}
      />
      <Preference name="linkPreviews" />
    </Group>
  );
}

interface Props {
  name: keyof AccountPreferences;
  onChange?: (value: boolean) => Promise<void>;
}

function Preference({ name, onChange }: Props) {
  const t = useTranslations("settings.privacy");
  const client = useClient();
  const { act } = useAct();
  const value = useAccountPreference(name);
  const change = (chosen: boolean): void =>
    void act(async () => {
      await setAccountPreference(client, name, chosen);
      await onChange?.(chosen);
    });
  return <Switch label={t(name)} description={t(`${name}Text`)} isSelected={value} onChange={change} />;
}
