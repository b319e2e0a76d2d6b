import { useTranslations } from "use-intl";

import { changePreferences, type Preferences, preferences, themes } from "../../app/preferences.ts";
import { useObservable } from "../../app/useObservable.ts";
import { type Language, languages } from "../../i18n/languages.ts";
import { Choice } from "../../ui/Choice.tsx";
import { Select } from "../../ui/Select.tsx";
import { Group } from "./Group.tsx";

export default function Appearance() {
  const t = useTranslations("settings.appearance");
  const { theme, language } = useObservable(preferences);
  const codes = Object.keys(languages) as Language[];
  const options: { id: Preferences["language"]; label: string }[] = [
    { id: "system", label: t("browserLanguage") },
    ...codes.map((id) => ({ id, label: languages[id] })),
  ];
  return (
    <>
      <Group>
        <Select
          label={t("language")}
          options={options}
          value={language}
          onChange={(chosen) => changePreferences({ language: chosen })}
        />
      </Group>
      <Group>
        <Choice
          label={t("theme")}
          value={theme}
          options={themes.map((value) => ({ value, label: t(`themes.${value}`) }))}
          onChange={(chosen) => changePreferences({ theme: chosen })}
        />
      </Group>
    </>
  );
}
