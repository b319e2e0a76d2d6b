// Devices that another program drives: it writes a command a line, {"id":1,"do":"login",…}, and gets an answer a line,
// {"id":1,"ok":…} or {"id":1,"error":"…"}. Commands run side by side; the program ends with its input.
//
// Every command but login names its device by what login answered, in "client"; verifications are named by what ask and asked answered.
import readline from "node:readline";
import { CryptoEvent, decodeRecoveryKey, VerificationPhase, VerificationRequestEvent, VerifierEvent } from "matrix-js-sdk/lib/crypto-api/index.js";
import { eventually, event, login, room, sdk, stopAll, until } from "./clients.js";
import { becomes, encrypting, publishIdentity, reads, say, secrets } from "./crypto.js";

const devices = new Map();
const verifications = new Map();

/** A verification of which this side sees a request, from either side. */
class Verification {
    constructor(request) {
        this.request = request;
    }

    async phase(wanted) {
        if (this.request.phase === VerificationPhase.Cancelled) throw new Error(`cancelled: ${this.request.cancellationCode}`);
        if (this.request.phase !== wanted) {
            await until(this.request, VerificationRequestEvent.Change, () => this.request.phase === wanted);
        }
    }

    /** The emoji that the user compares, as "symbol name". */
    compare(verifier) {
        this.shown = until(verifier, VerifierEvent.ShowSas).then(([sas]) => (this.sas = sas));
        this.ended = verifier.verify();
        this.ended.catch(() => {}); // whoever waits for the end is told
        return this.emoji();
    }

    async emoji() {
        await this.shown;
        return this.sas.sas.emoji.map(([symbol, name]) => `${symbol} ${name}`);
    }
}

function remember(map, value) {
    const name = String(map.size + 1);
    map.set(name, value);
    return name;
}

function verification(name) {
    return verifications.get(name);
}

const commands = {
    /** Logs a user in on a new device that encrypts and syncs. */
    async login(_, { user, password }) {
        const store = secrets();
        const client = await encrypting(await login(user, password, store.callbacks));
        // Requests are kept until somebody asks for them.
        const requests = [];
        client.on(CryptoEvent.VerificationRequestReceived, (request) => requests.push(request));
        return { client: remember(devices, { client, store, requests }), device: client.getDeviceId(), user: client.getUserId() };
    },
    async createRoom({ client }, { invite }) {
        const { room_id: roomId } = await client.createRoom({ preset: "private_chat", invite });
        await room(client, roomId);
        return roomId;
    },
    /** Joins a room that the user is or will be invited to. */
    async join({ client }, { roomId }) {
        await room(client, roomId, "invite");
        await client.joinRoom(roomId);
        await room(client, roomId);
    },
    /** Waits until a user has a membership in a room. */
    async member({ client }, { roomId, user, membership }) {
        await eventually(client, `${user} with ${membership}`, () => client.getRoom(roomId)?.getMember(user)?.membership === membership);
    },
    async isEncrypted({ client }, { roomId }) {
        return client.getCrypto().isEncryptionEnabledInRoom(roomId);
    },
    async say({ client }, { roomId, text }) {
        return say(client, roomId, text);
    },
    async reads({ client }, { roomId, eventId }) {
        await room(client, roomId);
        return reads(client, roomId, eventId);
    },
    /** Whether an event, as another device got it, is unreadable here. */
    async cannotRead({ client }, { wire }) {
        const e = new sdk.MatrixEvent(wire);
        await e.attemptDecryption(client.getCrypto());
        return e.isDecryptionFailure();
    },
    /** Waits until an event is there, and says whether it cannot be read. */
    async isLocked({ client }, { roomId, eventId }) {
        await room(client, roomId);
        const e = await event(client, roomId, eventId);
        await client.decryptEventIfNeeded(e);
        return e.isDecryptionFailure();
    },
    /** Waits until a user's device is known, or is not. */
    async knows({ client }, { user, device, gone }) {
        await becomes(client, `the device ${device}`, async () => {
            const known = await client.getCrypto().getUserDeviceInfo([user], true);
            return Boolean(known.get(user)?.has(device)) !== Boolean(gone);
        });
    },
    async publishIdentity({ client }) {
        await publishIdentity(client);
    },
    /** Sets up secret storage and key back-up, and returns the recovery key. */
    async setUpRecovery({ client, store }) {
        const key = await client.getCrypto().createRecoveryKeyFromPassphrase();
        store.key = key.privateKey;
        await client.getCrypto().bootstrapSecretStorage({ createSecretStorageKey: async () => key, setupNewKeyBackup: true });
        return key.encodedPrivateKey;
    },
    /** Waits until a number of keys is in the back-up. */
    async backedUp({ client }, { count }) {
        await becomes(client, `${count} keys in the back-up`, async () =>
            (await client.http.authedRequest(sdk.Method.Get, "/room_keys/version")).count >= count,
        );
    },
    /** Takes identity and room keys from what is stored under a recovery key. */
    async recover({ client, store }, { recoveryKey }) {
        const crypto = client.getCrypto();
        store.key = decodeRecoveryKey(recoveryKey);
        if (!(await crypto.userHasCrossSigningKeys(client.getUserId(), true))) throw new Error("there are no cross-signing keys");
        await crypto.bootstrapCrossSigning({});
        await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
        return (await crypto.restoreKeyBackup()).imported;
    },
    /** Waits until another user is verified. */
    async verified({ client }, { user }) {
        await becomes(client, `${user} verified`, async () =>
            (await client.getCrypto().getUserVerificationStatus(user)).isCrossSigningVerified(),
        );
    },
    async logout({ client }) {
        await client.logout(true);
    },
    /** Asks a user's device for verification. */
    async ask({ client }, { user, device }) {
        return remember(verifications, new Verification(await client.getCrypto().requestDeviceVerification(user, device)));
    },
    /** Waits for the next request for verification, and takes it. */
    async asked({ client, requests }) {
        if (requests.length === 0) await until(client, CryptoEvent.VerificationRequestReceived);
        const v = new Verification(requests.shift());
        await v.request.accept();
        return remember(verifications, v);
    },
    /** Begins to compare, once the other side has taken the request. */
    async begin(_, { verification: name }) {
        const v = verification(name);
        await v.phase(VerificationPhase.Ready);
        return v.compare(await v.request.startVerification("m.sas.v1"));
    },
    /** Compares, once the other side has begun to. */
    async follow(_, { verification: name }) {
        const v = verification(name);
        await v.phase(VerificationPhase.Started);
        return v.compare(v.request.verifier);
    },
    /** Says that both sides see the same, and waits for the end. */
    async confirm(_, { verification: name }) {
        const v = verification(name);
        await v.sas.confirm();
        await v.ended;
    },
    /** Says that the sides see different things. */
    async mismatch(_, { verification: name }) {
        const v = verification(name);
        v.sas.mismatch();
        await v.ended.then(
            () => Promise.reject(new Error("it ended well")),
            () => {},
        );
    },
};

async function run({ id, do: what, ...args }) {
    try {
        const ok = await commands[what](devices.get(args.client), args);
        process.stdout.write(`${JSON.stringify({ id, ok: ok ?? null })}\n`);
    } catch (error) {
        process.stdout.write(`${JSON.stringify({ id, error: `${what}: ${error.stack ?? error}${error.cause ? `\n${error.cause}` : ""}` })}\n`);
    }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
    void run(JSON.parse(line));
}
stopAll();
process.exit(0);
