// Clients of matrix-js-sdk with its Rust cryptography.
import assert from "node:assert/strict";
import { VerificationPhase, VerificationRequestEvent, VerifierEvent } from "matrix-js-sdk/lib/crypto-api/index.js";
import { event, eventually, login, patience, room, sdk, start, until } from "./clients.js";

/** A client with the SDK's Rust cryptography, before its first sync. */
export async function encrypting(client) {
    await client.initRustCrypto({ useIndexedDB: false });
    return start(client);
}

/** What a client needs to open its user's secret storage. */
export function secrets() {
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
export function publishIdentity(client) {
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
export async function becomes(client, what, condition) {
    for (const end = Date.now() + patience; Date.now() < end; ) {
        const found = await condition();
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${client.getUserId()} did not see in time: ${what}`);
}

export async function encryptedRoom(owner, ...others) {
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
export async function reads(client, roomId, id) {
    const got = await event(client, roomId, id);
    assert.equal(got.getWireType(), "m.room.encrypted");
    await client.decryptEventIfNeeded(got);
    if (got.isDecryptionFailure()) await until(got, sdk.MatrixEventEvent.Decrypted, () => !got.isDecryptionFailure());
    return got.getContent().body;
}

export async function say(client, roomId, body) {
    return (await client.sendTextMessage(roomId, body)).event_id;
}

/** Another device of a client's user. */
export async function another(client, options) {
    return encrypting(await login(client.getUserIdLocalpart(), client.testPassword, options));
}

/** Two sides compare what they are shown, and agree. */
export async function compare(request, otherRequest) {
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
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("the verification did not end in time")), patience)));
    await Promise.race([Promise.all(sides), late]).finally(() => clearTimeout(timer));
    assert.equal(shown.length, 2);
    assert.equal(shown[0], shown[1], "both sides see the same numbers");
}
