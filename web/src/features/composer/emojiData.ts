// The emoji and their names, from this server like everything else, fetched when the picker is first opened.
import type { EmojiDataResolver } from "frimousse";

interface CompactEmoji {
  unicode: string;
  label: string;
  group?: number;
  tags?: string[];
}

interface Messages {
  groups: { message: string; order: number }[];
}

interface Language {
  emojis: CompactEmoji[];
  messages: Messages;
}

/** Indonesian is not among the languages of the collection, but Malay is its sibling. */
const languages: Record<string, () => Promise<Language>> = {
  en: async () => ({
    emojis: (await import("emojibase-data/en/compact.json")).default,
    messages: (await import("emojibase-data/en/messages.json")).default,
  }),
  ko: async () => ({
    emojis: (await import("emojibase-data/ko/compact.json")).default,
    messages: (await import("emojibase-data/ko/messages.json")).default,
  }),
  id: async () => ({
    emojis: (await import("emojibase-data/ms/compact.json")).default,
    messages: (await import("emojibase-data/ms/messages.json")).default,
  }),
};

/** Parts of faces (skin tones, hair) that are no emoji by themselves. */
const componentGroup = 2;

export const resolveEmojiData: EmojiDataResolver = async (locale) => {
  const { emojis, messages } = (await (languages[locale] ?? languages.en)?.()) ?? {
    emojis: [],
    messages: { groups: [] },
  };
  return {
    locale,
    emojis: emojis
      .filter(({ group }) => group !== undefined && group !== componentGroup)
      .map(({ unicode, label, group = 0, tags = [] }) => ({
        emoji: unicode,
        label,
        category: group,
        version: 0,
        tags,
      })),
    categories: messages.groups
      .filter(({ order }) => order !== componentGroup)
      .map(({ message, order }) => ({ index: order, label: message })),
    skinTones: { "light": "", "medium-light": "", "medium": "", "medium-dark": "", "dark": "" },
  };
};
