import { Languages } from "lucide-react";
import { useTranslations } from "use-intl";

import { changePreferences, preferences } from "../../app/preferences.ts";
import { useObservable } from "../../app/useObservable.ts";
import { type Language, languages } from "../../i18n/languages.ts";
import { Button } from "../../ui/Button.tsx";
import { Menu, MenuItem } from "../../ui/Menu.tsx";

export function LanguageMenu() {
  const t = useTranslations("auth");
  const { language } = useObservable(preferences);
  const trigger = (
    <Button look="quiet">
      <Languages size={18} aria-hidden />
      {language === "system" ? t("language") : languages[language]}
    </Button>
  );
  return (
    <Menu trigger={trigger} label={t("language")}>
      {(Object.keys(languages) as Language[]).map((code) => (
        <MenuItem key={code} icon={Languages} onAction={() => changePreferences({ language: code })}>
          {languages[code]}
        </MenuItem>
      ))}
    </Menu>
  );
}
