import { logIn, newName, signUp } from "./support/people.ts";
import { expect, expectAccessible, portraits, test } from "./support/test.ts";

test("somebody signs up, logs out, comes back and recovers", async ({ person }) => {
  const page = await person();
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
  await expectAccessible(page);
  await portraits(page, "login");

  const name = newName("ann");
  const key = await signUp(page, name);
  await expect(page.getByRole("heading", { name: "Chats", exact: true })).toBeVisible();
  await expectAccessible(page);
  await portraits(page, "empty");

  await page.goto("/app/settings/account");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("alertdialog").or(page.getByRole("dialog")).getByRole("button", { name: "Log out" }).click();
  await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();

  await logIn(page, name);
  await page.getByRole("button", { name: "Use my recovery key" }).click();
  await page.getByRole("textbox", { name: "Recovery key" }).fill("EsTx 0000");
  await page.getByRole("button", { name: "Open my messages" }).click();
  await expect(page.getByText("This is not the recovery key of this account.")).toBeVisible();
  await page.getByRole("textbox", { name: "Recovery key" }).fill(key);
  await page.getByRole("button", { name: "Open my messages" }).click();
  await expect(page.getByText("This session is verified.")).toBeVisible();
});

test("the app opens without a network", async ({ person }) => {
  const page = await person();
  await signUp(page, newName("off"));
  await page.evaluate(() => navigator.serviceWorker.ready);
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller?.state)).toBe("activated");
  await page.context().setOffline(true);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Chats", exact: true })).toBeVisible();
  await expect(page.getByRole("status").getByText("No connection.")).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByRole("status").getByText("No connection.")).toBeHidden();
});
