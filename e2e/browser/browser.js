// What the programs of this folder share: the browser, the ways in which pages are looked at, and requests to the server.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

export const base = process.env.BONGSU_E2E_URL;
const shots = process.env.BONGSU_E2E_SCREENSHOTS;
mkdirSync(shots, { recursive: true });

/** Each way in which a page must be fit to be seen. */
export const looks = [
    { name: "phone-light", width: 390, height: 844, scheme: "light" },
    { name: "phone-dark", width: 390, height: 844, scheme: "dark" },
    { name: "desktop-light", width: 1280, height: 900, scheme: "light" },
    { name: "desktop-dark", width: 1280, height: 900, scheme: "dark" },
];

let browser;
before(async () => {
    browser = await chromium.launch({ executablePath: process.env.BONGSU_E2E_CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser?.close());

/** A window of a browser that nobody has used before. */
export async function open(look) {
    const context = await browser.newContext({
        viewport: { width: look.width, height: look.height },
        colorScheme: look.scheme,
        hasTouch: look.width < 600,
        isMobile: look.width < 600,
        locale: "en-GB",
    });
    context.setDefaultTimeout(30_000);
    return context.newPage();
}

/** Keeps a picture of a page, and makes sure that everybody can use it and that nothing is wider than the window. */
export async function look(page, name, { name: kind }) {
    await page.screenshot({ path: join(shots, `${name}-${kind}.png`), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
    assert.deepEqual(
        violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`),
        [],
        `${name} (${kind})`,
    );
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wider, 0, `${name} (${kind}) is wider than the window`);
}

/** A request to the Client-Server API. */
export async function call(method, path, { token, body } = {}) {
    const response = await fetch(`${base}/_matrix/client/v3${path}`, {
        method,
        headers: token ? { Authorization: `Bearer ${token}` } : {},
        body: body && JSON.stringify(body),
    });
    return { status: response.status, ...(await response.json()) };
}

export const password = "correct horse battery";

/** Registers a user, who is logged in on one device. */
export async function register(username, device = "First phone") {
    const auth = { type: "m.login.dummy" };
    const body = { username, password, initial_device_display_name: device, auth };
    const user = await call("POST", "/register", { body });
    assert.equal(user.status, 200, JSON.stringify(user));
    return user;
}

/** Logs a user in with a password. */
export function login(user, secret = password, device = "Another device") {
    const body = {
        type: "m.login.password",
        identifier: { type: "m.id.user", user },
        password: secret,
        initial_device_display_name: device,
    };
    return call("POST", "/login", { body });
}

/** Fills in the sign-in page. */
export async function signIn(page, user, secret = password) {
    await page.getByLabel("User name").fill(user);
    await page.getByLabel("Password").fill(secret);
    await page.getByRole("button", { name: "Sign in" }).click();
}
