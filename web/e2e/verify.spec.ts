import type { Page } from "@playwright/test";

import { environment } from "./support/environment.ts";
import { accept, message, newName, send, signUp, startChat } from "./support/people.ts";
import { expect, expectAccessible, portraits, test } from "./support/test.ts";

test("two people chat, encrypted, and verify each other by emoji", async ({ person }) => {
  const [ann, ben] = [await person(), await person()];
  const [annName, benName] = [newName("ann"), newName("ben")];
  await signUp(ann, annName);
  await signUp(ben, benName);

  await startChat(ann, `@${benName}:${environment.serverName}`);
  await send(ann, "Shall we meet at the tower?");
  await accept(ben, new RegExp(annName));
  await expect(message(ben, "Shall we meet at the tower?")).toBeVisible();
  await send(ben, "At sunset.");
  await expect(message(ann, "At sunset.")).toBeVisible();
  await portraits(ann, "chat");

  await openPerson(ann, benName);
  await ann.getByRole("button", { name: "Verify" }).click();
  await ben.getByRole("button", { name: "Continue" }).click();
  await ann.getByRole("button", { name: "Compare emoji" }).click();
  const [seenByAnn, seenByBen] = await Promise.all([emoji(ann), emoji(ben)]);
  expect(seenByAnn).toEqual(seenByBen);
  await expectAccessible(ann);
  await portraits(ann, "emoji");
  await ann.getByRole("button", { name: "They are the same" }).click();
  await ben.getByRole("button", { name: "They are the same" }).click();
  await expect(ann.getByText("You have verified")).toBeVisible();
  await expect(ben.getByText("You have verified")).toBeVisible();
});

async function openPerson(page: Page, name: string): Promise<void> {
  const { pathname } = new URL(page.url());
  await page.goto(`${pathname}?pane=member&user=${encodeURIComponent(`@${name}:${environment.serverName}`)}`);
}

async function emoji(page: Page): Promise<string[]> {
  const list = page.getByRole("list", { name: "Emoji to compare" });
  await expect(list).toBeVisible();
  return list.getByRole("listitem").allInnerTexts();
}
