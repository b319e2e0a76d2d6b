/** The languages that there are catalogues for, each with its own name for itself. */
export const languages = { en: "English", ko: "한국어", id: "Bahasa Indonesia" } as const;

export type Language = keyof typeof languages;

export function isLanguage(value: unknown): value is Language {
  return typeof value === "string" && Object.hasOwn(languages, value);
}

/** The first of the wished languages that there is a catalogue for. */
export function bestLanguage(wished: readonly string[]): Language {
  return wished.map((tag) => new Intl.Locale(tag).language).find(isLanguage) ?? "en";
}

const rightToLeft = new Set(["ar", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"]);

export function direction(language: string): "ltr" | "rtl" {
  return rightToLeft.has(new Intl.Locale(language).language) ? "rtl" : "ltr";
}
