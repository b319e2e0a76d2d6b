import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CryptoEvent, VerificationPhase, VerificationRequestEvent, VerifierEvent } from "matrix-js-sdk/lib/crypto-api/index.js";
import { event, eventually, login, room, sdk, start, until, user } from "./support.js";

/** A client with the SDK's Rust cryptography, before its first sync. */
async function encrypting(client) {
    await client.initRustCrypto({ useIndexedDB: false });
    return start(client);
}

/** What a client needs to open its user's secret storage. */
function secrets() {
    const store = { key: undefined };
    store.callbacks = {
        cryptoCallbacks: {
            getSecretStorageKey: async ({ keys }) => [Object.keys(keys)[0], store.key],
            cacheSecretStorageKey: (_id, _info, key) => (store.key = key),
        },
    };
    return store;
}

/** Publishes cross-signing keys, with the password if the server asks for it. */
function publishIdentity(client) {
    return client.getCrypto().bootstrapCrossSigning({
        authUploadDeviceSigningKeys: async (request) => {
            try {
                await request(null);
            } catch (error) {
                await request({
                    type: "m.login.password", session: error.data.session, password: client.testPassword,
                    identifier: { type: "m.id.user", user: client.getUserId() },
                });
            }
        },
    });
}

/** Resolves with the outcome of a condition of which the SDK emits nothing: on the server, or inside its cryptography. */
async function becomes(client, what, condition) {
    for (const end = Date.now() + 20_000; Date.now() < end; ) {
        const found = await condition();
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${client.getUserId()} did not see in time: ${what}`);
}

async function encryptedRoom(owner, ...others) {
    const { room_id: roomId } = await owner.createRoom({
        preset: "private_chat",
        invite: others.map((other) => other.getUserId()),
        initial_state: [{ type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } }],
    });
    for (const other of others) {
        await room(other, roomId, "invite");
        await other.joinRoom(roomId);
        await room(other, roomId);
    }
    await room(owner, roomId);
    await eventually(owner, "all in the room", () =>
        others.every((other) => owner.getRoom(roomId).getMember(other.getUserId())?.membership === "join"),
    );
    return roomId;
}

/** Resolves with the text of an encrypted message once it can be read. */
async function reads(client, roomId, id) {
    const got = await event(client, roomId, id);
    assert.equal(got.getWireType(), "m.room.encrypted");
    await client.decryptEventIfNeeded(got);
    if (got.isDecryptionFailure()) await until(got, sdk.MatrixEventEvent.Decrypted, () => !got.isDecryptionFailure());
    return got.getContent().body;
}

async function say(client, roomId, body) {
    return (await client.sendTextMessage(roomId, body)).event_id;
}

/** Another device of a client's user. */
async function another(client, options) {
    return encrypting(await login(client.getUserIdLocalpart(), client.testPassword, options));
}

/** Two sides compare what they are shown, and agree. */
async function compare(request, otherRequest) {
    await otherRequest.accept();
    if (request.phase !== VerificationPhase.Ready) {
        await until(request, VerificationRequestEvent.Change, () => request.phase === VerificationPhase.Ready);
    }
    const verifier = await request.startVerification("m.sas.v1");
    if (otherRequest.phase !== VerificationPhase.Started) {
        await until(otherRequest, VerificationRequestEvent.Change, () => otherRequest.phase === VerificationPhase.Started);
    }
    const shown = [];
    const sides = [verifier, otherRequest.verifier].map((side) => {
        side.on(VerifierEvent.ShowSas, (sas) => {
            shown.push(JSON.stringify(sas.sas.decimal));
            return sas.confirm();
        });
        return side.verify();
    });
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("the verification did not end in time")), 20_000)));
    await Promise.race([Promise.all(sides), late]).finally(() => clearTimeout(timer));
    assert.equal(shown.length, 2);
    assert.equal(shown[0], shown[1], "both sides see the same numbers");
}

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
