import { isLanguage, type Language } from "../i18n/languages.ts";
import { Observable } from "./observable.ts";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

/** What belongs to this browser rather than to the account. */
export interface Preferences {
  theme: Theme;
  language: Language | "system";
}

export const preferencesKey = "bongsu.preferences";
const defaults: Preferences = { theme: "system", language: "system" };

export const preferences = new Observable<Preferences>(defaults);

/** Reads what was chosen before. Called once, ahead of the first rendering, so that no page flashes in the wrong colours. */
export function applyStoredPreferences(): void {
  preferences.set(parsePreferences(localStorage.getItem(preferencesKey)));
  applyTheme(preferences.get().theme);
}

export function changePreferences(change: Partial<Preferences>): void {
  preferences.update((now) => ({ ...now, ...change }));
  localStorage.setItem(preferencesKey, JSON.stringify(preferences.get()));
  applyTheme(preferences.get().theme);
}

/** Takes what is valid in a stored text, and the defaults for the rest. */
export function parsePreferences(stored: string | null): Preferences {
  const found: Record<string, unknown> = parseObject(stored);
  const theme = themes.find((t) => t === found.theme) ?? defaults.theme;
  const language = isLanguage(found.language) ? found.language : defaults.language;
  return { theme, language };
}

function parseObject(stored: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(stored ?? "{}");
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function applyTheme(theme: Theme): void {
  if (theme === "system") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = theme;
  }
}
