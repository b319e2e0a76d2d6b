import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SlidingSync } from "matrix-js-sdk/lib/sliding-sync.js";
import { event, eventually, room, sdk, start, startedUser, until, user } from "./support.js";

const requiredState = [["*", "*"]];

/** A client that syncs by sliding sync, with a window of so many rooms. */
async function slidingUser(prefix, { last = 9, limit = 5, prepare } = {}) {
    const client = await user(prefix);
    if (prepare) await prepare(client);
    return slide(client, last, limit);
}

async function slide(client, last, limit) {
    const lists = new Map([["all", { ranges: [[0, last]], timeline_limit: limit, required_state: requiredState }]]);
    // Extensions are processed after the SDK has told of the sync, so that what waits for them looks again at the next one.
    const slidingSync = new SlidingSync(client.baseUrl, lists, { timeline_limit: 20, required_state: requiredState }, client, 500);
    await start(client, { slidingSync });
    return { client, slidingSync };
}

describe("sliding sync of matrix-js-sdk", () => {
    it("is told that the server has it", async () => {
        const client = await user("asks");
        assert.ok(await client.doesServerSupportUnstableFeature("org.matrix.simplified_msc3575"));
    });

    it("shows the rooms that were active last, and more when the window grows", async () => {
        const made = [];
        const { client, slidingSync } = await slidingUser("window", {
            last: 1,
            prepare: async (client) => {
                for (let i = 0; i < 4; i++) made.push((await client.createRoom({ preset: "public_chat", name: `Room ${i}` })).room_id);
            },
        });
        assert.equal(slidingSync.getListData("all").joinedCount, 4);
        assert.deepEqual(client.getRooms().map((r) => r.roomId).sort(), made.slice(2).sort());
        assert.equal(client.getRoom(made[3]).name, "Room 3");
        slidingSync.setListRanges("all", [[0, 9]]);
        await eventually(client, "all rooms", () => client.getRooms().length === 4);
        assert.equal(client.getRoom(made[0]).getMyMembership(), "join");
    });

    it("is invited, joins, talks and leaves", async () => {
        const alice = await startedUser("alice");
        const { client: bob } = await slidingUser("bob");
        const { room_id: roomId } = await alice.createRoom({ preset: "public_chat", name: "Beacons", invite: [bob.getUserId()] });
        await room(bob, roomId, "invite");
        await bob.joinRoom(roomId);
        const joined = await room(bob, roomId);
        await eventually(bob, "the name", () => joined.name === "Beacons");
        const { event_id: id } = await alice.sendTextMessage(roomId, "smoke");
        await event(bob, roomId, id);
        await eventually(bob, "one unread", () => joined.getUnreadNotificationCount("total") === 1);
        const { event_id: reply } = await bob.sendTextMessage(roomId, "seen");
        await event(bob, roomId, reply);
        await event(alice, roomId, reply);
        await bob.leave(roomId);
        await room(bob, roomId, "leave");
    });

    it("fetches more of a room that is opened, and pages back", async () => {
        let roomId;
        const { client, slidingSync } = await slidingUser("opens", {
            limit: 1,
            prepare: async (client) => {
                roomId = (await client.createRoom({ preset: "public_chat", name: "Long" })).room_id;
                for (let i = 0; i < 40; i++) await client.sendTextMessage(roomId, `message ${i}`);
            },
        });
        const timeline = client.getRoom(roomId).getLiveTimeline();
        assert.equal(timeline.getEvents().length, 1);
        slidingSync.modifyRoomSubscriptions(new Set([roomId]));
        await eventually(client, "twenty events", () => timeline.getEvents().length === 20);
        while (await client.paginateEventTimeline(timeline, { backwards: true, limit: 10 }));
        const bodies = timeline.getEvents().map((e) => e.getContent().body).filter((body) => body?.startsWith("message"));
        assert.deepEqual(bodies, Array.from({ length: 40 }, (_, i) => `message ${i}`));
    });

    it("is told of typing, receipts and account data", async () => {
        const { client: alice } = await slidingUser("alice");
        const bob = await startedUser("bob");
        const { room_id: roomId } = await alice.createRoom({ preset: "public_chat" });
        await room(alice, roomId);
        await bob.joinRoom(roomId);
        await eventually(alice, "bob in the room", () => alice.getRoom(roomId).getMember(bob.getUserId())?.membership === "join");
        const typing = until(alice, sdk.RoomMemberEvent.Typing, (_event, m) => m.userId === bob.getUserId() && m.typing);
        await bob.sendTyping(roomId, true, 20000);
        await typing;
        const { event_id: id } = await alice.sendTextMessage(roomId, "read me");
        const got = await event(bob, roomId, id);
        await event(alice, roomId, id);
        await bob.sendReadReceipt(got);
        await eventually(alice, "the receipt", () => alice.getRoom(roomId).hasUserReadEvent(bob.getUserId(), id));
        await alice.setRoomTag(roomId, "m.favourite", { order: 0.5 });
        await eventually(alice, "the tag", () => "m.favourite" in alice.getRoom(roomId).tags);
        await alice.setAccountData("org.example.setting", { on: true });
        await eventually(alice, "the setting", () => alice.getAccountData("org.example.setting")?.getContent().on);
    });

    it("begins again when its position is not known any more", async () => {
        const { client, slidingSync } = await slidingUser("begins");
        // Another client of the same device takes the connection for itself.
        const path = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync";
        for (let i = 0; i < 3; i++) {
            await client.createRoom({});
            let pos;
            for (const last of [0, 1, 2]) {
                const answer = await fetch(`${client.baseUrl}${path}${pos ? `?pos=${pos}` : ""}`, {
                    method: "POST",
                    headers: { Authorization: `Bearer ${client.getAccessToken()}` },
                    body: JSON.stringify({ lists: { all: { ranges: [[0, last]], timeline_limit: 1, required_state: [] } } }),
                });
                pos = (await answer.json()).pos;
            }
        }
        const { room_id: roomId } = await client.createRoom({ preset: "public_chat", name: "Still here" });
        await room(client, roomId);
        slidingSync.stop();
    });
});
