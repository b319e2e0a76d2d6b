import type { Page } from "@playwright/test";

import { expect } from "./test.ts";

export const password = "correct horse battery staple";

let count = 0;

/** A user name that no other test has. */
export function newName(stem: string): string {
  count += 1;
  return `${stem}-${Date.now().toString(36)}-${count}`;
}

export async function signUp(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByLabel("Choose a user name").fill(name);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await expect(page.getByText("This name is free.")).toBeVisible();
  await page.getByRole("button", { name: "Create an account" }).click();
}

export async function logIn(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByLabel("User name").fill(name);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}
