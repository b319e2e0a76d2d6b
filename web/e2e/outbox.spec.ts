import type { Page } from "@playwright/test";

import { environment } from "./support/environment.ts";
import { message } from "./support/groups.ts";
import { accept, newName, send, signUp, startChat } from "./support/people.ts";
import { expect, test } from "./support/test.ts";

async function twoInAChat(person: () => Promise<Page>): Promise<[Page, Page]> {
  const [ann, ben] = [await person(), await person()];
  const [annName, benName] = [newName("ann"), newName("ben")];
  await signUp(ann, annName);
  await signUp(ben, benName);
  await startChat(ann, `@${benName}:${environment.serverName}`);
  await send(ann, "first");
  await accept(ben, new RegExp(annName));
  await expect(message(ben, "first")).toBeVisible();
  return [ann, ben];
}

function count(page: Page, text: string): Promise<number> {
  return page.getByRole("article").filter({ hasText: text }).count();
}

test("messages wait for the network, and come once and in order", async ({ person }) => {
  const [ann, ben] = await twoInAChat(person);
  await ann.context().setOffline(true);
  await send(ann, "written offline 1");
  await send(ann, "written offline 2");
  await expect(message(ann, "written offline 2").getByRole("img", { name: "Waiting for the network" })).toBeVisible();
  await ann.context().setOffline(false);
  await expect(message(ben, "written offline 2")).toBeVisible();
  const texts = await ben.getByRole("article").filter({ hasText: "written offline" }).allInnerTexts();
  expect(texts.map((text) => /offline (\d)/.exec(text)?.[1])).toEqual(["1", "2"]);
  await expect(message(ann, "written offline 2").getByRole("img", { name: /^(Received by|Read$)/ })).toBeVisible();
});

test("a message whose answer was lost, and whose page was closed, comes once", async ({ person }) => {
  const [ann, ben] = await twoInAChat(person);
  // The server gets the message; the browser never hears of it.
  await ann.route(/\/send\/m\.room\.encrypted\//, async (route) => {
    await route.fetch();
    await route.abort();
  });
  await send(ann, "said once");
  await expect(message(ben, "said once")).toBeVisible();
  await ann.unroute(/\/send\/m\.room\.encrypted\//);
  await ann.reload();
  await expect(message(ann, "said once").getByRole("img", { name: /^(Received by|Read$)/ })).toBeVisible();
  await send(ann, "after it");
  await expect(message(ben, "after it")).toBeVisible();
  expect(await count(ann, "said once")).toBe(1);
  expect(await count(ben, "said once")).toBe(1);
});

test("a message that never left the page goes out when the page is opened again", async ({ person }) => {
  const [ann, ben] = await twoInAChat(person);
  await ann.route(/\/send\/m\.room\.encrypted\//, (route) => route.abort());
  await send(ann, "kept over a reload");
  await expect(message(ann, "kept over a reload").getByRole("img", { name: "Waiting for the network" })).toBeVisible();
  await ann.reload();
  await ann.unroute(/\/send\/m\.room\.encrypted\//);
  await expect(message(ben, "kept over a reload")).toBeVisible();
  expect(await count(ben, "kept over a reload")).toBe(1);
  await expect.poll(() => count(ann, "kept over a reload")).toBe(1);
});

test("a draft is there again after the page was closed", async ({ person }) => {
  const [ann] = await twoInAChat(person);
  await ann.getByRole("textbox", { name: "Message" }).fill("half a thought");
  await expect(ann.getByRole("list", { name: "Chats" }).getByText("half a thought")).toBeVisible();
  await ann.reload();
  await expect(ann.getByRole("textbox", { name: "Message" })).toHaveValue("half a thought");
});
