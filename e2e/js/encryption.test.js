import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CryptoEvent } from "matrix-js-sdk/lib/crypto-api/index.js";
import { another, becomes, compare, encryptedRoom, encrypting, publishIdentity, reads, say, secrets } from "./crypto.js";
import { event, eventually, sdk, until, user } from "./support.js";

describe("end-to-end encryption", () => {
    it("reaches every device of a group, and nobody who was removed", async () => {
        const [alice, bob, carol] = await Promise.all(["alice", "bob", "carol"].map(async (name) => encrypting(await user(name))));
        const bob2 = await another(bob);
        const roomId = await encryptedRoom(alice, bob, carol);
        const first = await say(alice, roomId, "to all");
        for (const reader of [bob, bob2, carol]) assert.equal(await reads(reader, roomId, first), "to all");

        const bob3 = await another(bob);
        await becomes(alice, "bob's third device", async () => {
            const devices = await alice.getCrypto().getUserDeviceInfo([bob.getUserId()], true);
            return devices.get(bob.getUserId())?.has(bob3.getDeviceId());
        });
        const second = await say(alice, roomId, "to the new device, too");
        assert.equal(await reads(bob3, roomId, second), "to the new device, too");

        await alice.kick(roomId, carol.getUserId());
        await eventually(alice, "carol gone", () => alice.getRoom(roomId).getMember(carol.getUserId()).membership === "leave");
        const third = await say(alice, roomId, "without carol");
        assert.equal(await reads(bob, roomId, third), "without carol");
        const wire = (await event(bob, roomId, third)).event;
        const atCarol = new sdk.MatrixEvent({ ...wire });
        await atCarol.attemptDecryption(carol.getCrypto());
        assert.ok(atCarol.isDecryptionFailure(), "carol has no key for what follows");
    });

    it("lets users verify each other, and a new device prove itself from secret storage", async () => {
        const aliceSecrets = secrets();
        const alice = await encrypting(await user("alice", aliceSecrets.callbacks));
        const bob = await encrypting(await user("bob", secrets().callbacks));
        await publishIdentity(alice);
        await publishIdentity(bob);
        await alice.getCrypto().bootstrapSecretStorage({
            createSecretStorageKey: async () => {
                const key = await alice.getCrypto().createRecoveryKeyFromPassphrase();
                aliceSecrets.key = key.privateKey;
                return key;
            },
            setupNewKeyBackup: true,
        });
        const roomId = await encryptedRoom(alice, bob);
        const hello = await say(bob, roomId, "before the new device");
        assert.equal(await reads(alice, roomId, hello), "before the new device");

        const asked = until(bob, CryptoEvent.VerificationRequestReceived);
        const request = await alice.getCrypto().requestVerificationDM(bob.getUserId(), roomId);
        await compare(request, (await asked)[0]);
        for (const [one, other] of [[alice, bob], [bob, alice]]) {
            await becomes(one, "the other verified", async () =>
                (await one.getCrypto().getUserVerificationStatus(other.getUserId())).isCrossSigningVerified(),
            );
        }

        // A back-up is written in the background; its keys are read by a device that has nothing but the recovery key.
        await becomes(alice, "the key in the back-up", async () =>
            (await alice.http.authedRequest(sdk.Method.Get, "/room_keys/version")).count > 0,
        );
        const fresh = await another(alice, aliceSecrets.callbacks);
        // The private keys can be taken from the storage once the public ones are known.
        assert.ok(await fresh.getCrypto().userHasCrossSigningKeys(alice.getUserId(), true));
        await fresh.getCrypto().bootstrapCrossSigning({});
        await becomes(bob, "the new device vouched for", async () =>
            (await bob.getCrypto().getDeviceVerificationStatus(alice.getUserId(), fresh.getDeviceId()))?.signedByOwner,
        );
        await fresh.getCrypto().loadSessionBackupPrivateKeyFromSecretStorage();
        const restored = await fresh.getCrypto().restoreKeyBackup();
        assert.ok(restored.imported > 0);
        assert.equal(await reads(fresh, roomId, hello), "before the new device");
    });
});
