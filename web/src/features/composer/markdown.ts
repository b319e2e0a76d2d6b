// From what was typed to the content of a message: Markdown to the HTML that Matrix allows, with spoilers and mentions.
// What was typed is never taken for HTML.
import { Marked, type MarkedToken, type Token, type TokenizerAndRendererExtension, type Tokens } from "marked";
import { MsgType } from "matrix-js-sdk";

/** A person who was picked from the list; `label` is what stands in the text. */
export interface Mention {
  userId: string;
  label: string;
}

export interface TextContent {
  [key: string]: unknown;
  "msgtype": MsgType.Text;
  "body": string;
  "format"?: "org.matrix.custom.html";
  "formatted_body"?: string;
  "m.mentions": { user_ids?: string[]; room?: true };
}

const roomMention = "@room";

// Client-Server API, 11.3.1: a spoiler is a span with data-mx-spoiler; in a composer it is usually written between double bars.
const spoiler: TokenizerAndRendererExtension = {
  name: "spoiler",
  level: "inline",
  start: (source) => source.indexOf("||"),
  tokenizer(source) {
    const match = /^\|\|(?=\S)([\s\S]*?\S)\|\|/.exec(source);
    if (!match?.[1]) return undefined;
    return { type: "spoiler", raw: match[0], tokens: this.lexer.inlineTokens(match[1]) };
  },
  renderer(token) {
    return `<span data-mx-spoiler>${this.parser.parseInline(token.tokens ?? [])}</span>`;
  },
};

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [spoiler],
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    // A picture from elsewhere would tell that elsewhere who reads: it stays a link.
    image: ({ href, text }: Tokens.Image) => `<a href="${escapeHtml(href)}">${escapeHtml(text || href)}</a>`,
    checkbox: ({ checked }: Tokens.Checkbox) => (checked ? "[x] " : "[ ] "),
  },
});

/** The content of a text message. */
export function textContent(text: string, mentions: readonly Mention[]): TextContent {
  const present = mentions.filter(({ label }) => text.includes(label));
  const tokens = marked.lexer(present.reduce(linkMention, text));
  const content: TextContent = { "msgtype": MsgType.Text, "body": text, "m.mentions": mentionsOf(text, present) };
  if (tokens.every(isPlain)) return content;
  return { ...content, format: "org.matrix.custom.html", formatted_body: marked.parser(tokens).trim() };
}

/** A text message that takes the place of an earlier one. */
// Client-Server API, 11.10: the new content stands in m.new_content; the outer content is for those who do not know edits.
export function editContent(text: string, mentions: readonly Mention[], eventId: string): Record<string, unknown> {
  const content = textContent(text, mentions);
  return {
    ...content,
    "body": `* ${content.body}`,
    ...(content.formatted_body !== undefined && { formatted_body: `* ${content.formatted_body}` }),
    // An edit does not ring again for those who were mentioned before.
    "m.mentions": {},
    "m.new_content": content,
    "m.relates_to": { rel_type: "m.replace", event_id: eventId },
  };
}

function mentionsOf(text: string, present: readonly Mention[]): TextContent["m.mentions"] {
  const user_ids = [...new Set(present.map(({ userId }) => userId))];
  return {
    ...(user_ids.length > 0 && { user_ids }),
    ...(/(^|\s)@room\b/.test(text) && { room: true as const }),
  };
}

function linkMention(text: string, { userId, label }: Mention): string {
  if (label === roomMention) return text;
  const name = label.replace(/^@/, "").replace(/[\\[\]]/g, "\\$&");
  return text.replaceAll(label, () => `[${name}](https://matrix.to/#/${encodeURIComponent(userId)})`);
}

/** Whether a token says nothing that plain text would not say; a bare address becomes a link in every client. */
function isPlain(token: Token): boolean {
  const known = token as MarkedToken;
  switch (known.type) {
    case "space":
    case "br":
    case "escape":
      return true;
    case "link":
      return known.raw === known.text;
    case "text":
    case "paragraph":
      return known.tokens?.every(isPlain) ?? true;
    default:
      return false;
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
