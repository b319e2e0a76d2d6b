import { environment } from "./support/environment.ts";
import { makeGroup, message, onMessage, readByPhone, sendAndSee } from "./support/groups.ts";
import { accept, newName, send, signUp } from "./support/people.ts";
import { expect, expectAccessible, portraits, test } from "./support/test.ts";

const idOf = (name: string): string => `@${name}:${environment.serverName}`;

// A picture of one pixel more than nothing: 2 by 2.
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFUlEQVR4nGP8z8Dwn4GBgYGJAQoAHxcCAr7jJ5kAAAAASUVORK5CYII=",
  "base64",
);

test("three people and another client talk in an encrypted group", async ({ person }) => {
  const [ann, ben, cleo] = [await person(), await person(), await person({ viewport: { width: 390, height: 844 } })];
  const names = { ann: newName("ann"), ben: newName("ben"), cleo: newName("cleo") };
  await signUp(ann, names.ann);
  await signUp(ben, names.ben);
  await signUp(cleo, names.cleo);

  await test.step("make a group in three steps", async () => {
    await makeGroup(ann, "Tea club", [idOf(names.ben), idOf(names.cleo), environment.phone]);
    await accept(ben, /Tea club/);
    await accept(cleo, /Tea club/);
    await expect(ann.getByText("4 members")).toBeVisible();
  });

  await test.step("two implementations of the cryptography read each other", async () => {
    await sendAndSee(ann, "Shall we meet at the **tower**?", []);
    for (const page of [ann, ben, cleo]) {
      await expect(message(page, "Shall we meet at the tower?")).toBeVisible();
      await expect(readByPhone(page, "Shall we meet at the **tower**?")).toBeVisible();
    }
    await sendAndSee(cleo, "At sunset 안녕", [ann, ben]);
  });

  await test.step("edit, react, reply", async () => {
    await sendAndSee(ann, "Bring some caek", [ben]);
    await onMessage(ann, "Bring some caek", "Edit");
    await ann.getByRole("textbox", { name: "Message" }).fill("Bring some cake");
    await ann.keyboard.press("Enter");
    await expect(message(ben, "Bring some cake")).toContainText("edited");

    await message(ben, "Bring some cake").hover();
    await message(ben, "Bring some cake").getByRole("button", { name: "React" }).click();
    await ben.getByLabel("Search emoji").fill("thumbs up");
    await ben.getByRole("gridcell", { name: "thumbs up" }).click();
    await expect(message(ann, "Bring some cake").getByRole("button", { name: /👍.* by/ })).toBeVisible();

    await onMessage(ben, "Bring some cake", "Reply");
    await sendAndSee(ben, "I will bring two", [ann]);
    await expect(message(ann, "I will bring two").getByRole("button", { name: "Go to the message" })).toBeVisible();
  });

  await test.step("send files", async () => {
    const attach = ann.locator("input[type=file]");
    await attach.setInputFiles({ name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("tea, cake") });
    await ann.getByRole("button", { name: "Send", exact: true }).click();
    const [download] = await Promise.all([
      ben.waitForEvent("download"),
      ben.getByRole("button", { name: "Save list.txt" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("list.txt");

    await attach.setInputFiles({ name: "tower.png", mimeType: "image/png", buffer: png });
    await ann.getByRole("textbox", { name: "Message" }).fill("The tower");
    await ann.getByRole("button", { name: "Send", exact: true }).click();
    await ben.getByRole("button", { name: "Show the picture tower.png" }).click();
    const picture = ben.getByRole("dialog").getByRole("img", { name: "tower.png" });
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(2);
    await ben.getByRole("button", { name: "Close" }).click();
  });

  await test.step("answer in a thread", async () => {
    await onMessage(ann, "I will bring two", "Answer in a thread");
    await ann.getByRole("complementary").getByRole("textbox", { name: "Message" }).fill("Or a little later");
    await ann.keyboard.press("Enter");
    await ben.getByRole("button", { name: /1 answer/ }).click();
    await expect(ben.getByRole("complementary").getByText("Or a little later")).toBeVisible();
  });

  await test.step("pin, search, look", async () => {
    await onMessage(ann, "Bring some cake", "Pin");
    await expect(ben.getByRole("button", { name: "1 pinned message" })).toBeVisible();
    await ann.getByRole("button", { name: "Search in this chat" }).click();
    await ann.getByLabel("Words").fill("towe");
    await expect(
      ann
        .getByRole("complementary")
        .getByRole("button", { name: /Shall we meet/ })
        .first(),
    ).toBeVisible();
    await expectAccessible(ann);
    await portraits(ann, "search");
    await ben.getByRole("button", { name: "About this chat" }).click();
    await expectAccessible(ben);
    await portraits(ben, "about");
    await ben.getByRole("complementary").getByRole("button", { name: "Close" }).click();
    await portraits(ben, "group");
    await expectAccessible(cleo);
  });

  await test.step("who is removed cannot read what follows", async () => {
    await ann.goto(`${new URL(ann.url()).pathname}?pane=member&user=${encodeURIComponent(idOf(names.cleo))}`);
    await ann.getByRole("button", { name: "Remove from this chat" }).click();
    await ann.getByRole("dialog").getByRole("button", { name: "Remove from this chat" }).click();
    await expect(ben.getByText(/removed .*cleo/)).toBeVisible();
    await expect(cleo.getByText("You are no longer in this chat.")).toBeVisible();
    await sendAndSee(ann, "Now without Cleo", [ben]);
    await expect(readByPhone(ben, "Now without Cleo")).toBeVisible();
    await cleo.reload();
    await expect(cleo.getByText("You are no longer in this chat.")).toBeVisible();
    await expect(cleo.getByText("Now without Cleo")).toHaveCount(0);
  });

  await test.step("leave", async () => {
    await ben.getByRole("button", { name: "About this chat" }).click();
    await ben.getByRole("button", { name: "Leave this chat" }).click();
    await ben.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
    await expect(ben.getByRole("heading", { name: "Choose a chat" })).toBeVisible();
    await expect(ann.getByText(/ben.* left/)).toBeVisible();
    await send(ann, "Good night");
    await expect(readByPhone(ann, "Good night")).toBeVisible();
  });
});
