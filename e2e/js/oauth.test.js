// matrix-js-sdk logs in by way of the browser (Client-Server API, "OAuth 2.0 API").
import assert from "node:assert/strict";
import { test } from "node:test";

import * as sdk from "matrix-js-sdk";

import { user } from "./support.js";

const baseUrl = process.env.BONGSU_E2E_URL;
const redirect = "https://app.beacon.example/callback";

/** Somebody in front of a browser, of whom only cookies and forms matter. */
class Person {
    cookies = new Map();

    /** Opens an address and follows redirects; returns the page, or where it led to if that is the app. */
    async open(address, form) {
        const url = new URL(address, this.at);
        if (url.href.startsWith(redirect)) {
            return url;
        }
        const response = await fetch(url, {
            method: form ? "POST" : "GET",
            body: form && new URLSearchParams(form),
            headers: { cookie: [...this.cookies].map((pair) => pair.join("=")).join("; ") },
            redirect: "manual",
        });
        for (const cookie of response.headers.getSetCookie()) {
            const [name, value] = cookie.split(";")[0].split("=");
            this.cookies.set(name, value);
        }
        this.at = url.href;
        this.page = await response.text();
        const to = response.headers.get("location");
        return to ? this.open(to) : this.page;
    }

    /** Sends the first form of the page. */
    submit(fields) {
        const form = { ...fields };
        for (const [, name, value] of this.page.split("</form>")[0].matchAll(/type="hidden" name="([a-z]+)" value="([^"]*)"/g)) {
            form[name] = value.replaceAll("&amp;", "&").replaceAll("&#43;", "+");
        }
        return this.open(this.at, form);
    }
}

async function begin() {
    const metadata = await sdk.createClient({ baseUrl }).getAuthMetadata();
    const clientId = await sdk.OAuth2.registerClient(metadata, {
        client_name: "Beacon for the web",
        client_uri: "https://beacon.example/",
        redirect_uris: [redirect],
        application_type: "web",
    });
    return new sdk.OAuth2(metadata, { clientId });
}

test("matrix-js-sdk logs in, refreshes and logs out by OAuth", async () => {
    const owner = await user("oauth");
    const oauth = await begin();
    const person = new Person();
    await person.open(await oauth.generateAuthorizationCodeGrantUrl("a state", redirect));
    await person.submit({ user: owner.getUserId(), password: owner.testPassword });
    assert.match(person.page, /Beacon for the web/);
    const back = await person.submit({ decision: "allow" });
    const answer = new URLSearchParams(back.hash.slice(1));
    assert.equal(answer.get("state"), "a state");
    const tokens = await oauth.completeAuthorizationCodeGrant(answer.get("code"), redirect);

    const client = sdk.createClient({ baseUrl, accessToken: tokens.access_token });
    const me = await client.whoami();
    assert.deepEqual(me, { user_id: owner.getUserId(), device_id: oauth.context.deviceId, is_guest: false });

    const fresh = await oauth.performRefreshTokenGrant(tokens.refresh_token);
    client.setAccessToken(fresh.access_token);
    await client.whoami();

    await oauth.revokeToken(fresh.access_token, "access_token");
    await assert.rejects(client.whoami(), { errcode: "M_UNKNOWN_TOKEN" });
});

test("matrix-js-sdk links a device by a code", async () => {
    const owner = await user("linking");
    const oauth = await begin();
    const session = await oauth.startDeviceAuthorizationGrant();
    const person = new Person();
    await person.open(session.verification_uri_complete);
    await person.submit({ user: owner.getUserId(), password: owner.testPassword });
    await person.submit({ code: session.user_code });
    await person.submit({ decision: "allow" });
    assert.match(person.page, /The device is linked/);
    const tokens = await oauth.waitForDeviceAuthorizationGrant(session);
    const me = await sdk.createClient({ baseUrl, accessToken: tokens.access_token }).whoami();
    assert.equal(me.user_id, owner.getUserId());
});
