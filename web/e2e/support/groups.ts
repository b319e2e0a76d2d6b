import { expect, type Page } from "@playwright/test";

import { send } from "./people.ts";

/** Makes an encrypted group in the three steps, and ends in it. */
export async function makeGroup(page: Page, name: string, userIds: readonly string[]): Promise<void> {
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.getByRole("menuitem", { name: "Make a group" }).click();
  await page.getByLabel("Name of the group").fill(name);
  await page.getByRole("button", { name: "Next" }).click();
  for (const userId of userIds) {
    await page.getByLabel("Name, address or link").fill(userId);
    await page
      .getByRole("list", { name: "People", exact: true })
      .getByRole("button")
      .filter({ hasText: userId })
      .click();
  }
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("button", { name: "Make the group" }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
}

/** What the other client says of what it has read. */
export function readByPhone(page: Page, text: string) {
  return page
    .getByRole("article")
    .filter({ hasText: `The phone read: ${text}` })
    .last();
}

/** The message of a person. */
export function message(page: Page, text: string) {
  return page.getByRole("article").filter({ hasText: text, hasNotText: "The phone read" }).last();
}

/** Chooses something from the menu of a message. */
export async function onMessage(page: Page, text: string, action: string): Promise<void> {
  await message(page, text).click({ button: "right" });
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

export async function sendAndSee(page: Page, text: string, others: readonly Page[]): Promise<void> {
  await send(page, text);
  for (const other of others) await expect(message(other, text)).toBeVisible();
}
