// People sign in with another provider, which asks for their password on a page of its own.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { base, call, look, looks, open, register } from "./browser.js";

// The app that wants to log its user in: it keeps the address at which the browser comes back to it.
const app = createServer((request, response) => {
    app.came?.(new URL(request.url, `http://${request.headers.host}`));
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>App</title><h1>The app</h1>");
});
before(() => new Promise((done) => app.listen(0, "127.0.0.1", done)));
after(() => app.close());

const appURL = () => `http://127.0.0.1:${app.address().port}/back?x=1`;
const cameBack = () => new Promise((done) => (app.came = (url) => url.pathname === "/back" && done(url)));

async function atProvider(page, user) {
    await page.waitForURL(/\/login\/username/);
    await page.locator("input[name=username]").fill(user);
    await page.locator("input[name=password]").fill("verysecure");
    await page.locator("button[type=submit], input[type=submit]").first().click();
}

const heading = (page, text) => page.getByRole("heading", { level: 1, name: text }).waitFor();

async function loginWith(url) {
    const token = url.searchParams.get("loginToken");
    const user = await call("POST", "/login", { body: { type: "m.login.token", token } });
    assert.equal(user.status, 200, JSON.stringify(user));
    return user;
}

for (const kind of looks) {
    test(`an app logs in with another provider (${kind.name})`, async () => {
        const page = await open(kind);
        await page.goto(`${base}/_matrix/client/v3/login/sso/redirect?redirectUrl=${encodeURIComponent(appURL())}`);
        await heading(page, "Sign in");
        await look(page, "sso-sign-in", kind);
        await page.getByRole("link", { name: "Continue with Example Company" }).click();
        await atProvider(page, "test-user@localhost");
        await heading(page, /^Continue to 127\.0\.0\.1/);
        await page.getByText("@test-user:bongsu.test").waitFor();
        await look(page, "sso-continue", kind);
        const back = cameBack();
        await page.getByRole("button", { name: "Continue" }).click();
        const url = await back;
        assert.equal(url.searchParams.get("x"), "1");
        const user = await loginWith(url);
        assert.equal(user.user_id, "@test-user:bongsu.test");
        assert.equal((await call("GET", "/profile/@test-user:bongsu.test")).displayname, "Test User");

        await page.goto(`${base}/account`);
        await page.getByText("You sign in with Example Company as test-user@zitadel.ch.").waitFor();
        await look(page, "sso-account", kind);
        await page.getByRole("link", { name: "Choose a password" }).click();
        await heading(page, "Choose a password");

        await confirms(page, user, kind);
    });

    test(`an app that speaks OAuth is allowed in (${kind.name})`, async () => {
        const { page, back } = await authorize(kind);
        await page.getByRole("link", { name: "Continue with Example Company" }).click();
        await atProvider(page, "test-user@localhost");
        await page.getByText("@test-user:bongsu.test").first().waitFor();
        const came = cameBack();
        await page.getByRole("button", { name: "Allow", exact: true }).click();
        const url = await came;
        assert.equal(url.searchParams.get("state"), "s");
        const user = await back(url.searchParams.get("code"));
        assert.equal((await call("GET", "/account/whoami", { token: user.access_token })).user_id, "@test-user:bongsu.test");
    });

    test(`an app that knows no way to log in uses the server's page (${kind.name})`, async () => {
        const page = await open(kind);
        let told;
        const logged = new Promise((done) => (told = done));
        await page.exposeFunction("appIsTold", (answer) => told(answer));
        await page.addInitScript(() => (window.matrixLogin = { onLogin: (answer) => window.appIsTold(answer) }));
        const device = `FALLBACK${kind.name.replace("-", "")}`;
        await page.goto(`${base}/_matrix/static/client/login/?device_id=${device}`);
        await look(page, "login-fallback", kind);
        await page.getByRole("link", { name: "Continue with Example Company" }).click();
        await atProvider(page, "test-user@localhost");
        await page.getByRole("button", { name: "Continue" }).click();
        const user = await logged;
        assert.equal(user.user_id, "@test-user:bongsu.test");
        assert.equal(user.device_id, device);
        await page.getByText("You are logged in.").waitFor();
    });

    test(`a name that is taken is asked for (${kind.name})`, async (t) => {
        if (kind === looks[0]) {
            await register("test-user2");
        }
        const page = await open(kind);
        await page.goto(`${base}/account`);
        await page.getByRole("link", { name: "Continue with Example Company" }).click();
        await atProvider(page, "test-user2");
        if (kind !== looks[0]) {
            t.diagnostic("the person has an account by now");
            await heading(page, "Your account");
            return;
        }
        await heading(page, "Choose a user name");
        for (const other of looks) {
            await page.setViewportSize({ width: other.width, height: other.height });
            await page.emulateMedia({ colorScheme: other.scheme });
            await look(page, "sso-name", other);
        }
        await page.getByLabel("User name").fill("test-user2");
        await page.getByRole("button", { name: "Create the account" }).click();
        await page.getByText("This user name is taken.").waitFor();
        await page.getByLabel("User name").fill("second.user");
        await page.getByRole("button", { name: "Create the account" }).click();
        await heading(page, "Your account");
        await page.getByText("@second.user:bongsu.test").waitFor();
    });
}

/** Begins to log an app in by OAuth; back exchanges the code that it gets. */
async function authorize(kind) {
    const about = await (await fetch(`${base}/_matrix/client/v1/auth_metadata`)).json();
    const redirect = `http://127.0.0.1:${app.address().port}/back`;
    const made = await fetch(about.registration_endpoint, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
            client_name: "An app",
            client_uri: "https://app.example.org/",
            application_type: "native",
            redirect_uris: ["http://127.0.0.1/back"],
            response_types: ["code"],
            grant_types: ["authorization_code", "refresh_token"],
            token_endpoint_auth_method: "none",
        }),
    });
    const client = await made.json();
    assert.equal(made.status, 201, JSON.stringify(client));
    const verifier = randomBytes(32).toString("base64url");
    const query = new URLSearchParams({
        response_type: "code",
        response_mode: "query",
        client_id: client.client_id,
        redirect_uri: redirect,
        scope: `urn:matrix:client:api:* urn:matrix:client:device:DEVICE${kind.name.replace("-", "")}`,
        state: "s",
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
    });
    const page = await open(kind);
    await page.goto(`${about.authorization_endpoint}?${query}`);
    const back = async (code) => {
        const body = new URLSearchParams({
            grant_type: "authorization_code",
            client_id: client.client_id,
            redirect_uri: redirect,
            code,
            code_verifier: verifier,
        });
        const tokens = await fetch(about.token_endpoint, { method: "POST", body });
        return tokens.json();
    };
    return { page, back };
}

/** The user confirms in a window of its own what an app wants to do, and the app is told. */
async function confirms(page, user, kind) {
    const path = `/devices/${user.device_id}`;
    const asked = await call("DELETE", path, { token: user.access_token, body: {} });
    assert.deepEqual(asked.flows, [{ stages: ["m.login.sso"] }]);
    await page.goto(appURL());
    const popup = page.waitForEvent("popup");
    await page.evaluate((url) => {
        window.told = new Promise((done) => window.addEventListener("message", (event) => done(event.data)));
        window.open(url);
    }, `${base}/_matrix/client/v3/auth/m.login.sso/fallback/web?session=${asked.session}`);
    const window_ = await popup;
    await heading(window_, "Confirm that it is you");
    await window_.getByText(`delete device ${user.device_id}`).waitFor();
    await look(window_, "sso-confirm", kind);
    await window_.getByRole("button", { name: "Continue with Example Company" }).click();
    await atProvider(window_, "test-user@localhost");
    await heading(window_, "Thank you");
    assert.equal(await page.evaluate(() => window.told), "authDone");
    const done = await call("DELETE", path, { token: user.access_token, body: { auth: { session: asked.session } } });
    assert.equal(done.status, 200, JSON.stringify(done));
}
