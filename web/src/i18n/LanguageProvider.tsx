import { type ReactNode, useEffect, useState } from "react";
import { I18nProvider } from "react-aria-components";
import { IntlProvider } from "use-intl";

import { preferences } from "../app/preferences.ts";
import { useObservable } from "../app/useObservable.ts";
import type { Catalogue } from "./catalogue.ts";
import { en } from "./en/index.ts";
import { bestLanguage, direction, type Language } from "./languages.ts";

/** The other catalogues are loaded when they are wanted. */
const loaders: Record<Exclude<Language, "en">, () => Promise<Catalogue>> = {
  ko: async () => (await import("./ko/index.ts")).ko,
  id: async () => (await import("./id/index.ts")).id,
};

interface Loaded {
  language: Language;
  catalogue: Catalogue;
}

const english: Loaded = { language: "en", catalogue: en };

/** Gives everything below it the language that was chosen, or the browser's. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const chosen = useObservable(preferences).language;
  const language = chosen === "system" ? bestLanguage(navigator.languages) : chosen;
  const loaded = useCatalogue(language);

  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dir = direction(language);
  }, [language]);

  if (loaded === undefined) {
    return null;
  }
  return (
    <I18nProvider locale={loaded.language}>
      <IntlProvider
        locale={loaded.language}
        messages={loaded.catalogue as typeof en}
        timeZone={Intl.DateTimeFormat().resolvedOptions().timeZone}
      >
        {children}
      </IntlProvider>
    </I18nProvider>
  );
}

/** The catalogue; while another one is on its way, the one before, so that no page goes blank. */
function useCatalogue(language: Language): Loaded | undefined {
  const [loaded, setLoaded] = useState<Loaded>();
  useEffect(() => {
    if (language === "en") {
      return;
    }
    let wanted = true;
    void loaders[language]()
      .catch(() => en)
      .then((catalogue) => {
        if (wanted) {
          setLoaded({ language, catalogue });
        }
      });
    return () => {
      wanted = false;
    };
  }, [language]);
  return language === "en" ? english : loaded;
}
