import { describe, expect, it } from "vitest";

import { sanitise, withoutQuote } from "./sanitise.ts";

function clean(html: string): string {
  const holder = document.createElement("div");
  holder.append(sanitise(html));
  return holder.innerHTML;
}

describe("the HTML of a message", () => {
  it.each([
    ["keeps what is allowed", "<b>a</b><ul><li>b</li></ul>", "<b>a</b><ul><li>b</li></ul>"],
    ["drops scripts", "a<script>alert(1)</script>", "a"],
    ["drops handlers", '<b onclick="x()">a</b>', "<b>a</b>"],
    ["drops styles", '<span style="position:fixed">a</span>', "<span>a</span>"],
    ["drops pictures", 'a<img src="https://evil.example/x.png">', "a"],
    ["drops dangerous links", '<a href="javascript:x()">a</a>', "<a>a</a>"],
    ["keeps links", '<a href="https://example.org">a</a>', '<a href="https://example.org">a</a>'],
    ["keeps spoilers", "<span data-mx-spoiler>a</span>", '<span data-mx-spoiler="">a</span>'],
    ["keeps reasons", '<span data-mx-spoiler="film">a</span>', '<span data-mx-spoiler="film">a</span>'],
    ["keeps numbers", '<ol start="3"><li>a</li></ol>', '<ol start="3"><li>a</li></ol>'],
    ["drops classes", '<code class="x">a</code>', "<code>a</code>"],
    ["drops what a reply repeats", "<mx-reply><blockquote>q</blockquote></mx-reply>a", "a"],
  ])("%s", (_, html, expected) => {
    expect(clean(html)).toBe(expected);
  });

  it("is no deeper than a hundred levels", () => {
    const deep = "<div>".repeat(300) + "core" + "</div>".repeat(300);
    const result = clean(deep);
    expect(result).toContain("core");
    expect(result.split("<div>").length).toBeLessThanOrEqual(101);
  });
});

describe("the words of a reply", () => {
  it.each([
    ["> <@a:x> hi\n\nyes", "yes"],
    ["> a quote of my own", "> a quote of my own"],
    ["plain", "plain"],
  ])("%j", (body, expected) => {
    expect(withoutQuote(body)).toBe(expected);
  });
});
