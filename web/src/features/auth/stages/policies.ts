export interface Policy {
  name: string;
  url: string;
}

/** The documents of the stage m.login.terms, in the reader's language, in English, or in whatever language there is. */
export function policiesOf(params: Record<string, unknown>, language: string): Policy[] {
  return Object.values(asRecord(params.policies)).flatMap((document) => {
    const translations = asRecord(document);
    const wanted = [translations[language], translations.en, ...Object.values(translations)];
    return wanted.find(isPolicy) ?? [];
  });
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function isPolicy(value: unknown): value is Policy {
  const { name, url } = asRecord(value);
  return typeof name === "string" && typeof url === "string" && /^https?:/.test(url);
}
