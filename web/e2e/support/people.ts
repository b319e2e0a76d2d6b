import type { Locator, Page } from "@playwright/test";

import { expect } from "./test.ts";

export const password = "correct horse battery staple";

let count = 0;

/** A user name that no other test has. */
export function newName(stem: string): string {
  count += 1;
  return `${stem}-${Date.now().toString(36)}-${count}`;
}

/** Makes an account and keeps its recovery key, which is returned. */
export async function signUp(page: Page, name: string): Promise<string> {
  await page.goto("/");
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByLabel("Choose a user name").fill(name);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await expect(page.getByText("This name is free.")).toBeVisible();
  await page.getByRole("button", { name: "Create an account" }).click();
  const key = await page.getByTestId("recovery-key").innerText();
  await page.getByRole("button", { name: "I have kept it" }).click();
  return key;
}

export async function logIn(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByLabel("User name").fill(name);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Starts a direct chat with somebody by their whole address. */
export async function startChat(page: Page, userId: string): Promise<void> {
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.getByRole("menuitem", { name: "Start a chat" }).click();
  await page.getByLabel("Name, address or link").fill(userId);
  await page.getByRole("dialog").getByText(userId).first().click();
}

export async function send(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.keyboard.press("Enter");
}

export async function accept(page: Page, chat: RegExp): Promise<void> {
  await page.getByRole("list", { name: "Chats" }).getByText(chat).first().click();
  await page.getByRole("button", { name: "Accept" }).click();
}

/** A message in the chat that is open, not its preview in the list. */
export function message(page: Page, text: string): Locator {
  return page.getByRole("main").getByText(text, { exact: true });
}
