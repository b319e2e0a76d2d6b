import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { Room } from "matrix-js-sdk";
import type { ReactNode } from "react";
import { IntlProvider } from "use-intl";
import { describe, expect, it } from "vitest";

import { en } from "../../../i18n/en/index.ts";
import { RoomProvider } from "../../room/RoomContext.tsx";
import { HtmlBody } from "./HtmlBody.tsx";

const room = { getMember: () => ({ rawDisplayName: "Ana" }) } as unknown as Room;

function show(html: string): void {
  const around = ({ children }: { children: ReactNode }) => (
    <IntlProvider locale="en" messages={en} timeZone="UTC">
      <RoomProvider room={room}>{children}</RoomProvider>
    </IntlProvider>
  );
  render(<HtmlBody html={html} />, { wrapper: around });
}

describe("a message's HTML", () => {
  it("hides a spoiler until it is pressed", async () => {
    show("<span data-mx-spoiler='film'>he did it</span>");
    expect(screen.queryByText("he did it")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: /film/ }));
    expect(screen.getByText("he did it")).toBeTruthy();
  });

  it("names who is mentioned by the name in the room", () => {
    show('ask <a href="https://matrix.to/#/%40ana%3Ax.org">whoever</a>');
    expect(screen.getByRole("link").textContent).toBe("@Ana");
  });

  it("opens other pages beside the app, and tells them nothing", () => {
    show('<a href="https://example.org">there</a>');
    const link = screen.getByRole("link", { name: "there" });
    expect(link.getAttribute("target")).toBe("_blank");
    expect(link.getAttribute("rel")).toContain("noreferrer");
  });

  it("finds addresses in the text", () => {
    show("<b>see https://example.org/a, please</b>");
    expect(screen.getByRole("link").getAttribute("href")).toBe("https://example.org/a");
  });

  it("has no headings that would stand among those of the page", () => {
    show("<h1>Title</h1>");
    expect(screen.queryByRole("heading")).toBeNull();
    expect(screen.getByText("Title")).toBeTruthy();
  });
});
