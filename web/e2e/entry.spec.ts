import { newName, signUp } from "./support/people.ts";
import { expect, expectAccessible, portraits, test } from "./support/test.ts";

test("somebody signs up", async ({ person }) => {
  const page = await person();
  await page.goto("/");
  await expect(page.getByRole("button", { name: "Log in" })).toBeVisible();
  await expectAccessible(page);
  await portraits(page, "login");
  const name = newName("ann");
  await signUp(page, name);
  await page.waitForTimeout(8000);
  await portraits(page, "first");
});
