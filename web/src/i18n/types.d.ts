import type { en } from "./en/index.ts";
import type { Language } from "./languages.ts";

declare module "use-intl" {
  interface AppConfig {
    Locale: Language;
    Messages: typeof en;
  }
}
