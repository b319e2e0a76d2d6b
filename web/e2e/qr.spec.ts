import { holdBeforeCamera } from "./support/camera.ts";
import { logIn, newName, signUp } from "./support/people.ts";
import { expect, expectAccessible, test } from "./support/test.ts";

test("a new session is verified by the code that it shows", async ({ person }) => {
  const camera = { permissions: ["camera"] };
  const [old, fresh] = [await person(camera), await person()];
  const name = newName("eve");
  await signUp(old, name);
  await logIn(fresh, name);
  await fresh.getByRole("button", { name: "Use another session of mine" }).click();
  await old.getByRole("button", { name: "Continue" }).click();

  const code = fresh.getByRole("img", { name: "The code that the other device scans" });
  await expect(code).toBeVisible();
  await expectAccessible(fresh);
  await holdBeforeCamera(code);
  await old.getByRole("button", { name: "Scan their code" }).click();
  await fresh.getByRole("button", { name: "Yes, it fits" }).click();

  await expect(old.getByText("The session is verified.")).toBeVisible();
  await expect(fresh.getByText("The session is verified.")).toBeVisible();
});
