export const search = {
  title: "Search",
  everywhere: "Search all chats",
  words: "Words",
  nothing: "Nothing found.",
  found: "{count, plural, one {# message found} other {# messages found}}",
  onDevice:
    "This device searches what it has read so far, since the server cannot read your messages. The index is kept encrypted.",
  readOlder: "Read in older messages of this chat",
} as const;
