import { describe, expect, it } from "vitest";

import { editContent, textContent } from "./markdown.ts";

const html = (text: string): string | undefined => textContent(text, []).formatted_body;

describe("the content of a message", () => {
  it.each([["hello"], ["two\nlines"], ["see https://example.org/a_b_c"], ["2 * 3 * 4"], ["안녕하세요"]])(
    "is plain text where nothing is formatted: %s",
    (text) => {
      expect(textContent(text, [])).toEqual({ "msgtype": "m.text", "body": text, "m.mentions": {} });
    },
  );

  it.each([
    ["**bold**", "<p><strong>bold</strong></p>"],
    ["`code`", "<p><code>code</code></p>"],
    ["a ||secret *thing*|| b", "<p>a <span data-mx-spoiler>secret <em>thing</em></span> b</p>"],
    ["*a* <script>x</script>", "<p><em>a</em> &#60;script&#62;x&#60;/script&#62;</p>"],
    ["![cat](https://evil.example/cat.png)", '<p><a href="https://evil.example/cat.png">cat</a></p>'],
  ])("is HTML where something is: %s", (text, expected) => {
    expect(html(text)).toBe(expected);
  });

  it("links who is mentioned, and says so to the server", () => {
    const content = textContent("ask @Ana [x]", [
      { userId: "@ana:x.org", label: "@Ana [x]" },
      { userId: "@ben:x.org", label: "@Ben" },
    ]);
    expect(content.body).toBe("ask @Ana [x]");
    expect(content.formatted_body).toBe('<p>ask <a href="https://matrix.to/#/%40ana%3Ax.org">Ana [x]</a></p>');
    expect(content["m.mentions"]).toEqual({ user_ids: ["@ana:x.org"] });
  });

  it("rings for a whole room only when it is named as a word", () => {
    expect(textContent("hey @room", [])["m.mentions"]).toEqual({ room: true });
    expect(textContent("me@room.org", [])["m.mentions"]).toEqual({});
  });

  it("of an edit names the event, and does not ring again", () => {
    expect(editContent("**new**", [], "$1")).toMatchObject({
      "body": "* **new**",
      "m.mentions": {},
      "m.new_content": { body: "**new**", formatted_body: "<p><strong>new</strong></p>" },
      "m.relates_to": { rel_type: "m.replace", event_id: "$1" },
    });
  });
});
