const emoji =
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200d|\ufe0f|\s)+$/u;
const most = 6;

/** Whether a text is a few emoji and nothing else, which are then drawn large. */
export function isOnlyEmoji(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > most * 16 || !emoji.test(trimmed)) return false;
  return [...new Intl.Segmenter().segment(trimmed)].length <= most;
}
