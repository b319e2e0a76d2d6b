import { newName, signUp } from "./support/people.ts";
import { expect, expectAccessible, portraits, test } from "./support/test.ts";

const sections = {
  profile: "Profile",
  appearance: "Language and look",
  notifications: "Notifications",
  privacy: "Privacy",
  blocked: "Blocked people",
  security: "Recovery key",
  sessions: "Sessions",
  account: "Account",
};

test("every section of the settings is accessible", async ({ person }) => {
  const page = await person();
  await signUp(page, newName("set"));
  await page.getByRole("button", { name: "Settings" }).click();
  for (const [id, title] of Object.entries(sections)) {
    await page.getByRole("link", { name: title }).click();
    await expect(page.getByRole("heading", { name: title, level: 2 })).toBeVisible();
    await expectAccessible(page);
    if (id === "sessions") {
      await expect(page.getByText("This session")).toBeVisible();
    }
    await portraits(page, `settings-${id}`);
  }
});

test("the language changes at once", async ({ person }) => {
  const page = await person({ locale: "ko-KR" });
  await page.goto("/");
  await expect(page.getByRole("button", { name: "로그인" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "ko");
  await portraits(page, "login-ko");
  await page.getByRole("button", { name: "언어" }).click();
  await page.getByRole("menuitem", { name: "Bahasa Indonesia" }).click();
  await expect(page.getByRole("button", { name: "Masuk" })).toBeVisible();
});
