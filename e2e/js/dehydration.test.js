import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api/index.js";
import { another, becomes, encryptedRoom, encrypting, publishIdentity, reads, say, secrets } from "./crypto.js";
import { sdk, until, user } from "./support.js";

const prefix = "/_matrix/client/unstable/org.matrix.msc3814.v1";

/** The id of the user's device that is asleep. */
async function asleep(client) {
    return (await client.http.authedRequest(sdk.Method.Get, "/dehydrated_device", undefined, undefined, { prefix })).device_id;
}

describe("a dehydrated device", () => {
    it("gets the keys of messages that come while its user has no device", async () => {
        const store = secrets();
        const alice = await encrypting(await user("alice", store.callbacks));
        const bob = await encrypting(await user("bob"));
        await publishIdentity(alice);
        await alice.getCrypto().bootstrapSecretStorage({
            createSecretStorageKey: async () => {
                const key = await alice.getCrypto().createRecoveryKeyFromPassphrase();
                store.key = key.privateKey;
                return key;
            },
        });
        const roomId = await encryptedRoom(alice, bob);
        assert.ok(await alice.getCrypto().isDehydrationSupported());
        await alice.getCrypto().startDehydration();
        const device = await asleep(alice);
        await becomes(bob, "the device that is asleep", async () =>
            (await bob.getCrypto().getUserDeviceInfo([alice.getUserId()], true)).get(alice.getUserId())?.get(device)?.dehydrated,
        );
        await alice.logout(true);
        await becomes(bob, "the other device gone", async () =>
            !(await bob.getCrypto().getUserDeviceInfo([alice.getUserId()], true)).get(alice.getUserId()).has(alice.getDeviceId()),
        );
        const messages = [];
        for (let i = 0; i < 3; i++) messages.push(await say(bob, roomId, `while you were away ${i}`));

        const fresh = await another(alice, store.callbacks);
        assert.ok(await fresh.getCrypto().userHasCrossSigningKeys(fresh.getUserId(), true));
        await fresh.getCrypto().bootstrapCrossSigning({});
        const woken = until(fresh, CryptoEvent.RehydrationCompleted);
        await fresh.getCrypto().startDehydration();
        await woken;
        for (const [i, id] of messages.entries()) assert.equal(await reads(fresh, roomId, id), `while you were away ${i}`);
        assert.notEqual(await asleep(fresh), device, "another device sleeps now");
        await assert.rejects(
            fresh.http.authedRequest(sdk.Method.Get, `/dehydrated_device/${encodeURIComponent(device)}/events`, undefined, undefined, { prefix }),
            (error) => error.errcode === "M_FORBIDDEN",
        );
    });
});
