// Apps log their users in by way of the browser: people create an account, sign in, allow, link a device, and sign out.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { base, call, look, looks, open, password, signIn } from "./browser.js";

// The app: it keeps the address at which the browser comes back to it.
const app = createServer((request, response) => {
    app.came?.(new URL(request.url, `http://${request.headers.host}`));
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>App</title><h1>The app</h1>");
});
before(() => new Promise((done) => app.listen(0, "127.0.0.1", done)));
after(() => app.close());

const redirect = () => `http://127.0.0.1:${app.address().port}/back`;
const cameBack = () => new Promise((done) => (app.came = (url) => url.pathname === "/back" && done(url)));

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

async function post(url, fields) {
    const response = await fetch(url, { method: "POST", body: new URLSearchParams(fields) });
    return { status: response.status, ...(await response.json()) };
}

/** Registers the app, and prepares a login of a device. */
async function begin(device, extra = {}) {
    const metadata = await (await fetch(`${base}/_matrix/client/v1/auth_metadata`)).json();
    const registered = await fetch(metadata.registration_endpoint, {
        method: "POST",
        body: JSON.stringify({
            client_name: "Beacon for phones",
            client_uri: "https://beacon.example/",
            tos_uri: "https://beacon.example/terms",
            policy_uri: "https://beacon.example/privacy",
            application_type: "native",
            redirect_uris: ["http://127.0.0.1/back"],
            grant_types: ["authorization_code", "refresh_token", deviceGrant],
            token_endpoint_auth_method: "none",
        }),
    });
    assert.equal(registered.status, 201);
    const { client_id } = await registered.json();
    const verifier = randomBytes(32).toString("base64url");
    const scope = `openid urn:matrix:client:api:* urn:matrix:client:device:${device}`;
    const query = new URLSearchParams({
        response_type: "code",
        response_mode: "query",
        client_id,
        redirect_uri: redirect(),
        scope,
        state: "a state",
        code_challenge: createHash("sha256").update(verifier).digest("base64url"),
        code_challenge_method: "S256",
        ...extra,
    });
    const exchange = (code) =>
        post(metadata.token_endpoint, {
            grant_type: "authorization_code",
            code,
            client_id,
            redirect_uri: redirect(),
            code_verifier: verifier,
        });
    return { metadata, client_id, scope, url: `${metadata.authorization_endpoint}?${query}`, exchange };
}

/** Fails the test if the page does what its policy forbids, or asks other servers for anything. */
function watch(page) {
    const wrong = [];
    page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
    page.on("pageerror", (error) => wrong.push(error.message));
    page.on("request", (request) => {
        const { origin } = new URL(request.url());
        if (origin !== base && !request.url().startsWith(redirect()) && !request.url().endsWith("/favicon.ico")) {
            wrong.push(`asked for ${request.url()}`);
        }
    });
    // A page of an error is one, to the console.
    return () => assert.deepEqual(wrong.filter((text) => !text.includes("the server responded with a status of 4")), []);
}

for (const kind of looks) {
    test(`an app logs its user in (${kind.name})`, async () => {
        const page = await open(kind);
        const fine = watch(page);
        const heading = (text) => page.getByRole("heading", { level: 1, name: text }).waitFor();
        const name = `newcomer-${kind.name}`;
        const user = `@${name}:bongsu.test`;

        const login = await begin("PHONE12345", { prompt: "create" });
        await page.goto(login.url);
        await heading("Create an account");
        await look(page, "oauth-register", kind);
        const create = async (repeated) => {
            await page.getByLabel("User name").fill(name);
            await page.getByLabel("Password", { exact: true }).fill(password);
            await page.getByLabel("Password, once more").fill(repeated);
            await page.getByLabel("Registration token").fill(process.env.BONGSU_E2E_REGISTRATION_TOKEN);
            await page.getByRole("button", { name: "Create the account" }).click();
        };
        await create("something else");
        await page.getByText("The two passwords are not the same.").waitFor();
        await look(page, "oauth-register-wrong", kind);
        await create(password);

        await heading("Allow Beacon for phones?");
        await page.getByText(user).first().waitFor();
        await look(page, "oauth-consent", kind);
        let back = cameBack();
        await page.getByRole("button", { name: "Allow", exact: true }).click();
        let url = await back;
        assert.equal(url.searchParams.get("state"), "a state");
        const tokens = await login.exchange(url.searchParams.get("code"));
        assert.equal(tokens.status, 200, JSON.stringify(tokens));
        const me = await call("GET", "/account/whoami", { token: tokens.access_token });
        assert.equal(`${me.user_id} ${me.device_id}`, `${user} PHONE12345`);

        // The app logs out.
        await post(login.metadata.revocation_endpoint, { token: tokens.access_token, client_id: login.client_id });
        assert.equal((await call("GET", "/account/whoami", { token: tokens.access_token })).errcode, "M_UNKNOWN_TOKEN");

        // Somebody else wants to use it, and then does not.
        const other = await begin("PHONE67890", { login_hint: `mxid:${user}` });
        await page.goto(other.url);
        await heading("Allow Beacon for phones?");
        await page.getByRole("button", { name: "Use another account" }).click();
        await heading("Sign in");
        await look(page, "oauth-sign-in", kind);
        await signIn(page, name, "a wrong password");
        await page.getByText("The user name or the password is wrong.").waitFor();
        await look(page, "oauth-sign-in-wrong", kind);
        await signIn(page, name);
        await heading("Allow Beacon for phones?");
        back = cameBack();
        await page.getByRole("button", { name: "Do not allow" }).click();
        url = await back;
        assert.equal(url.searchParams.get("error"), "access_denied");

        // A television shows a code.
        const device = await post(other.metadata.device_authorization_endpoint, { client_id: other.client_id, scope: other.scope });
        await page.goto(device.verification_uri);
        await heading("Link a device");
        await look(page, "oauth-link", kind);
        await page.getByLabel("Code").fill("bcdf bcdf");
        await page.getByRole("button", { name: "Continue" }).click();
        await page.getByText("No device waits for this code.").waitFor();
        await look(page, "oauth-link-wrong", kind);
        await page.getByLabel("Code").fill(device.user_code.toLowerCase());
        await page.getByRole("button", { name: "Continue" }).click();
        await heading("Link Beacon for phones?");
        await look(page, "oauth-link-confirm", kind);
        await page.getByRole("button", { name: "Let it in" }).click();
        await heading("The device is linked");
        await look(page, "oauth-link-done", kind);
        const linked = await post(other.metadata.token_endpoint, {
            grant_type: deviceGrant,
            device_code: device.device_code,
            client_id: other.client_id,
        });
        assert.equal(linked.status, 200, JSON.stringify(linked));

        // The linked app may not replace the keys of the digital identity before its user has said so.
        await page.goto(`${base}/account/reset-cross-signing`);
        await heading("Reset your digital identity?");
        await look(page, "oauth-reset", kind);
        await page.getByRole("button", { name: "Allow the reset" }).click();
        await heading("Go back to the app");
        await look(page, "oauth-reset-done", kind);

        // An app that asks to be called back elsewhere is not.
        await page.goto(other.url.replace(/redirect_uri=[^&]*/, "redirect_uri=https%3A%2F%2Fevil.example%2F"));
        await heading("The app cannot sign you in");
        await look(page, "oauth-error", kind);

        await page.goto(`${base}/account/sign-out`);
        await heading("Sign out");
        await look(page, "oauth-sign-out", kind);
        await page.getByRole("button", { name: "Sign out" }).click();
        await heading("You are signed out");
        await look(page, "oauth-signed-out", kind);
        await page.goto(other.url);
        await heading("Sign in");
        assert.equal((await call("GET", "/account/whoami", { token: linked.access_token })).user_id, user);
        fine();
    });
}
