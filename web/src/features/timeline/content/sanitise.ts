// What a message's HTML may contain. DOMPurify removes everything else, before any of it touches the page.
import DOMPurify from "dompurify";

// Client-Server API, 11.3.1: the tags and attributes that clients should allow. Pictures are left out, since a message could otherwise
// make every reader's browser ask a stranger's server.
const tags = [
  ..."del h1 h2 h3 h4 h5 h6 blockquote p a ul ol sup sub li b i u strong em s code hr br div table thead tbody tr th td".split(
    " ",
  ),
  ..."caption pre span details summary".split(" "),
];
const plainAttributes = ["start", "data-mx-spoiler"];
const schemes = /^(?:https?|ftp|mailto|magnet):/i;

// Client-Server API, 11.3.1: no deeper than 100 levels.
const maxDepth = 100;
const maxLength = 65_536;

/** The harmless part of a message's HTML. */
export function sanitise(html: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(withoutFallback(html.slice(0, maxLength)), {
    ALLOWED_TAGS: tags,
    ALLOWED_ATTR: ["href", ...plainAttributes],
    ADD_URI_SAFE_ATTR: plainAttributes,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: schemes,
    RETURN_DOM_FRAGMENT: true,
  });
  flatten(fragment, 0);
  return fragment;
}

/** The older way to quote in a reply repeats the message that is shown above anyway. */
function withoutFallback(html: string): string {
  return html.replace(/^\s*<mx-reply>[\s\S]*?<\/mx-reply>/i, "");
}

function flatten(node: Node, depth: number): void {
  if (depth >= maxDepth) {
    node.textContent = node.textContent ?? "";
    return;
  }
  for (const child of node.childNodes) flatten(child, depth + 1);
}

/** The words of a message without their form, and without what an older client quoted. */
export function withoutQuote(body: string): string {
  if (!body.startsWith("> ")) return body;
  const lines = body.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("> "));
  return lines[end] === "" ? lines.slice(end + 1).join("\n") : body;
}
