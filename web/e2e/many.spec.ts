import { environment } from "./support/environment.ts";
import { newName, password, signUp } from "./support/people.ts";
import { expect, portraits, test } from "./support/test.ts";

const rooms = 200;

test("two hundred rooms are there at once, and only those in sight are drawn", async ({ person }) => {
  const page = await person();
  const name = newName("many");
  await signUp(page, name);
  await makeRooms(name);
  await expect(page.getByRole("list", { name: "Chats" }).getByText("Room 199")).toBeVisible();

  await page.reload();
  await expect(page.getByRole("list", { name: "Chats" }).getByText("Room 199")).toBeVisible();
  const ms = await page.evaluate(() => Math.round(performance.now()));
  test.info().annotations.push({ type: "interactive with 200 rooms", description: `${ms} ms` });
  expect(await page.getByRole("listitem").count()).toBeLessThan(60);
  await portraits(page, "many");

  await page.getByRole("searchbox", { name: "Search chats" }).fill("room 17");
  await expect(page.getByRole("link", { name: /Room 17\b/ })).toBeVisible();
});

async function makeRooms(name: string): Promise<void> {
  const call = async (method: string, path: string, body: object, token?: string): Promise<Record<string, string>> => {
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const response = await fetch(environment.url + path, { method, headers, body: JSON.stringify(body) });
    return (await response.json()) as Record<string, string>;
  };
  const identifier = { type: "m.id.user", user: name };
  const login = await call("POST", "/_matrix/client/v3/login", { type: "m.login.password", identifier, password });
  for (let number = 0; number < rooms; number++) {
    await call(
      "POST",
      "/_matrix/client/v3/createRoom",
      { name: `Room ${number}`, preset: "public_chat" },
      login.access_token,
    );
  }
}
