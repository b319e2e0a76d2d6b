import { environment } from "./support/environment.ts";
import { accept, message, newName, send, signUp, startChat } from "./support/people.ts";
import { expect, test } from "./support/test.ts";

test("two people go on chatting when the entrance they came by dies", async ({ person }) => {
  const fire = process.env.BONGSU_E2E_FIRE;
  if (fire === undefined) {
    throw new Error("BONGSU_E2E_FIRE is not set: run this test by go test ./web/e2e -run TestAnEntranceDies");
  }
  const [ann, ben] = [await person(), await person()];
  const [annName, benName] = [newName("ann"), newName("ben")];
  await signUp(ann, annName);
  await signUp(ben, benName);
  await startChat(ann, `@${benName}:${environment.serverName}`);
  await send(ann, "Before the fire");
  await accept(ben, new RegExp(annName));
  await expect(message(ben, "Before the fire")).toBeVisible();

  await fetch(fire);
  const started = Date.now();
  await send(ann, "After the fire");
  await expect(message(ben, "After the fire")).toBeVisible();
  await send(ben, "Nothing is lost");
  await expect(message(ann, "Nothing is lost")).toBeVisible();
  // eslint-disable-next-line no-console -- a figure for whoever reads the test's output
  console.log(`both messages had arrived ${Date.now() - started} ms after the entrance died`);

  await expect(message(ann, "After the fire")).toHaveCount(1);
  await expect(message(ben, "After the fire")).toHaveCount(1);
});
