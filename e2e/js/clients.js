// Users that matrix-js-sdk logs in, and waiting for what a client tells.
import * as sdk from "matrix-js-sdk";

const baseUrl = process.env.BONGSU_E2E_URL;
if (!baseUrl) {
    throw new Error("BONGSU_E2E_URL is not set: run these tests by `go test ./e2e/js`, which starts a server");
}

export const patience = 60_000;
let users = 0;
const clients = [];

/** Ends all clients. */
export function stopAll() {
    clients.forEach((client) => client.stopClient());
}

/** Registers a user and returns a client that is logged in but does not sync yet. */
export async function user(prefix, options = {}) {
    const name = `${prefix}-${process.pid}-${++users}`;
    const password = "a password of words";
    const anonymous = sdk.createClient({ baseUrl });
    await anonymous.registerRequest({ username: name, password, inhibit_login: true, auth: { type: "m.login.dummy" } });
    return login(name, password, options);
}

/** Logs in once more, on a new device. */
export async function login(name, password, options = {}) {
    const anonymous = sdk.createClient({ baseUrl });
    const response = await anonymous.loginRequest({
        type: "m.login.password",
        identifier: { type: "m.id.user", user: name },
        password,
    });
    const client = sdk.createClient({
        baseUrl,
        accessToken: response.access_token,
        userId: response.user_id,
        deviceId: response.device_id,
        timelineSupport: true,
        ...options,
    });
    client.testPassword = password;
    clients.push(client);
    return client;
}

/** Starts syncing and returns when the first sync is done. */
export async function start(client, options = {}) {
    const ready = until(client, sdk.ClientEvent.Sync, (state) => state === "PREPARED");
    await client.startClient({ initialSyncLimit: 20, threadSupport: true, ...options });
    await ready;
    return client;
}

/** A user that syncs. */
export async function startedUser(prefix, options = {}) {
    return start(await user(prefix), options);
}

/** Resolves when an emitter emits something as wanted, with its arguments. */
export function until(emitter, event, wanted = () => true) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
            emitter.off(event, listener);
            reject(new Error(`${event} did not come as wanted within ${patience} ms`));
        }, patience);
        function listener(...args) {
            if (wanted(...args)) {
                clearTimeout(timer);
                emitter.off(event, listener);
                resolve(args);
            }
        }
        emitter.on(event, listener);
    });
}

/** Resolves when a condition holds, which is tried again at each sync. */
export async function eventually(client, what, condition) {
    const found = await condition();
    if (found) return found;
    let result;
    await until(client, sdk.ClientEvent.Sync, () => Boolean((result = condition()))).catch((error) => {
        throw new Error(`${client.getUserId()} did not see in time: ${what}`, { cause: error });
    });
    return result;
}

/** The room of a client, once a sync has told of it with the given membership. */
export function room(client, roomId, membership = "join") {
    return eventually(client, `${roomId} with membership ${membership}`, () => {
        const found = client.getRoom(roomId);
        return found?.getMyMembership() === membership && found;
    });
}

/** The event with an id in a client's room, once it is there and acknowledged. */
export function event(client, roomId, eventId) {
    return eventually(client, `event ${eventId}`, () => client.getRoom(roomId)?.findEventById(eventId));
}

export { sdk };
