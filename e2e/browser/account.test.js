// People look after their account on the server's pages.
import assert from "node:assert/strict";
import { test } from "node:test";

import { base, call, login, look, looks, open, password, register, signIn } from "./browser.js";

for (const kind of looks) {
    test(`an account is looked after (${kind.name})`, async () => {
        const name = `owner-${kind.name}`;
        const user = await register(name);
        const other = await login(name, password, "Lost laptop");
        const page = await open(kind);
        const heading = (text) => page.getByRole("heading", { level: 1, name: text }).waitFor();

        await page.goto(`${base}/account`);
        await look(page, "sign-in", kind);
        await signIn(page, name);
        await heading("Your account");
        await look(page, "account", kind);

        await page.getByLabel("Display name").fill("Anna Müller 봉수");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByText("Your display name is changed.").waitFor();
        assert.equal((await call("GET", `/profile/${encodeURIComponent(user.user_id)}`)).displayname, "Anna Müller 봉수");

        await page.getByRole("link", { name: "See your devices" }).click();
        await heading("Your devices");
        assert.equal(await page.getByRole("heading", { level: 2 }).count(), 2);
        await look(page, "devices", kind);
        await page.getByRole("link", { name: "Lost laptop" }).click();
        await heading("Lost laptop");
        await look(page, "device", kind);
        await page.getByLabel("Name").fill("Old laptop");
        await page.getByRole("button", { name: "Save the name" }).click();
        await page.getByText("The device has its new name.").waitFor();
        await page.getByRole("link", { name: "Log this device out" }).click();
        await heading("Log this device out?");
        await look(page, "device-log-out", kind);
        await page.getByRole("button", { name: "Log out" }).click();
        await page.getByText("The device is logged out.").waitFor();
        assert.equal((await call("GET", "/account/whoami", { token: other.access_token })).errcode, "M_UNKNOWN_TOKEN");
        assert.equal((await call("GET", "/account/whoami", { token: user.access_token })).status, 200);

        for (const [action, title] of [
            ["org.matrix.profile", "Your account"],
            ["org.matrix.devices_list", "Your devices"],
            ["org.matrix.sessions_list", "Your devices"],
            [`org.matrix.device_view&device_id=${user.device_id}`, "First phone"],
            [`org.matrix.session_view&device_id=${user.device_id}`, "First phone"],
            [`org.matrix.device_delete&device_id=${user.device_id}`, "Log this device out?"],
            [`org.matrix.session_end&device_id=${user.device_id}`, "Log this device out?"],
            ["org.matrix.device_view&device_id=NONE", "No such device"],
            ["org.matrix.device_view", "Your devices"],
            ["org.matrix.account_deactivate", "Close your account for ever?"],
            ["org.matrix.cross_signing_reset", "Reset your digital identity?"],
            ["org.example.unknown", "Your account"],
        ]) {
            await page.goto(`${base}/account?action=${action}`);
            await heading(title);
        }

        await page.goto(`${base}/account/password`);
        await heading("Change your password");
        await look(page, "password", kind);
        const change = async (current, fresh, repeated = fresh) => {
            await page.getByLabel("Your password until now").fill(current);
            await page.getByLabel("New password", { exact: true }).fill(fresh);
            await page.getByLabel("New password, once more").fill(repeated);
            await page.getByRole("button", { name: "Save the password" }).click();
        };
        await change("a wrong password", "a better password");
        await page.getByText("The password is wrong.").waitFor();
        await look(page, "password-wrong", kind);
        await change(password, "a better password", "another password");
        await page.getByText("The two new passwords are not the same.").waitFor();
        await page.getByLabel("Log out all devices").check();
        await change(password, "a better password");
        await page.getByText("Your password is changed.").waitFor();
        assert.equal((await call("GET", "/account/whoami", { token: user.access_token })).errcode, "M_UNKNOWN_TOKEN");
        assert.equal((await login(name)).errcode, "M_FORBIDDEN");
        assert.equal((await login(name, "a better password")).status, 200);

        await page.getByRole("link", { name: "Close the account" }).click();
        await heading("Close your account for ever?");
        await look(page, "deactivate", kind);
        await page.getByLabel("Your password").fill("a wrong password");
        await page.getByLabel("I am sure.").check();
        await page.getByRole("button", { name: "Close the account" }).click();
        await page.getByText("The password is wrong.").waitFor();
        await page.getByLabel("Your password").fill("a better password");
        await page.getByLabel("I am sure.").check();
        await page.getByRole("button", { name: "Close the account" }).click();
        await heading("Your account is closed");
        await look(page, "deactivated", kind);
        assert.equal((await login(name, "a better password")).status, 403);
        await page.goto(`${base}/account`);
        await heading("Sign in");
    });
}
