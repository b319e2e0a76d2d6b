import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { event, eventually, login, room, sdk, start, startedUser, until, user } from "./support.js";

/** Two users who sync and share a room, which is not encrypted: without its cryptography the SDK would send nothing. */
async function pair() {
    const [alice, bob] = await Promise.all([startedUser("alice"), startedUser("bob")]);
    const { room_id: roomId } = await alice.createRoom({ preset: "public_chat", name: "Beacons", invite: [bob.getUserId()] });
    await room(bob, roomId, "invite");
    await bob.joinRoom(roomId);
    await Promise.all([room(alice, roomId), room(bob, roomId)]);
    await eventually(alice, "bob in the room", () => alice.getRoom(roomId).getMember(bob.getUserId())?.membership === "join");
    return { alice, bob, roomId };
}

describe("a client of matrix-js-sdk", () => {
    it("learns the server's versions and capabilities", async () => {
        const client = await user("versions");
        assert.ok(await client.isVersionSupported("v1.11"));
        const capabilities = await client.getCapabilities();
        assert.ok(capabilities["m.room_versions"].default);
    });

    it("logs in, syncs and logs out", async () => {
        const client = await startedUser("session");
        assert.equal((await client.whoami()).user_id, client.getUserId());
        await client.logout(true);
        await assert.rejects(client.whoami(), (error) => error.errcode === "M_UNKNOWN_TOKEN");
    });

    it("makes a room and sees it in its sync", async () => {
        const client = await startedUser("maker");
        const { room_id: roomId } = await client.createRoom({ name: "Made", topic: "by the SDK" });
        const made = await room(client, roomId);
        await eventually(client, "the name", () => made.name === "Made");
        await eventually(client, "the topic", () => made.currentState.getStateEvents("m.room.topic", "")?.getContent().topic === "by the SDK");
        assert.equal(made.getMember(client.getUserId()).membership, "join");
    });

    it("is invited, joins and leaves", async () => {
        const { alice, bob, roomId } = await pair();
        await bob.leave(roomId);
        await eventually(alice, "bob gone", () => alice.getRoom(roomId).getMember(bob.getUserId()).membership === "leave");
        await room(bob, roomId, "leave");
        await bob.forget(roomId);
        assert.equal(bob.getRoom(roomId), null);
    });

    it("sends a message whose echo and event are one", async () => {
        const { alice, bob, roomId } = await pair();
        const { event_id: id } = await alice.sendTextMessage(roomId, "smoke on the hill");
        const got = await event(bob, roomId, id);
        assert.equal(got.getContent().body, "smoke on the hill");
        await event(alice, roomId, id);
        await alice.sendTextMessage(roomId, "second").then(({ event_id: second }) => event(alice, roomId, second));
        const own = alice.getRoom(roomId).getLiveTimeline().getEvents().filter((e) => e.getContent().body === "smoke on the hill");
        assert.equal(own.length, 1, "the local echo and the event from the sync are merged by the transaction id");
    });

    it("edits a message", async () => {
        const { alice, bob, roomId } = await pair();
        const { event_id: id } = await alice.sendTextMessage(roomId, "draft");
        const original = await event(bob, roomId, id);
        await alice.sendMessage(roomId, {
            "msgtype": "m.text",
            "body": "* final",
            "m.new_content": { msgtype: "m.text", body: "final" },
            "m.relates_to": { rel_type: "m.replace", event_id: id },
        });
        await eventually(bob, "the edit", () => original.getContent().body === "final");
        // A client that comes later is told by the bundled edit.
        const late = await start(await login(bob.getUserId(), bob.testPassword));
        await eventually(late, "the edited message", () => late.getRoom(roomId)?.findEventById(id)?.getContent().body === "final");
    });

    it("reacts and takes the reaction back", async () => {
        const { alice, bob, roomId } = await pair();
        const { event_id: id } = await alice.sendTextMessage(roomId, "react to me");
        await event(bob, roomId, id);
        const { event_id: reaction } = await bob.sendEvent(roomId, "m.reaction", {
            "m.relates_to": { rel_type: "m.annotation", event_id: id, key: "🔥" },
        });
        await event(alice, roomId, reaction);
        const relations = alice.getRoom(roomId).relations.getChildEventsForEvent(id, "m.annotation", "m.reaction");
        assert.equal(relations.getSortedAnnotationsByKey()[0][0], "🔥");
        await bob.redactEvent(roomId, reaction);
        await eventually(alice, "the reaction gone", () => relations.getSortedAnnotationsByKey()?.[0]?.[1].size === 0
            || relations.getSortedAnnotationsByKey()?.length === 0);
    });

    it("redacts a message", async () => {
        const { alice, bob, roomId } = await pair();
        const { event_id: id } = await alice.sendTextMessage(roomId, "regretted");
        const got = await event(bob, roomId, id);
        await alice.redactEvent(roomId, id, undefined, { reason: "regret" });
        await eventually(bob, "the redaction", () => got.isRedacted());
        assert.deepEqual(got.getContent(), {});
    });

    it("talks in a thread", async () => {
        const { alice, bob, roomId } = await pair();
        const { event_id: root } = await alice.sendTextMessage(roomId, "root");
        await event(bob, roomId, root);
        // The first reply goes past the SDK: it would read the new thread while it sends, and takes a reply that it reads before the
        // answer to the sending for a failure.
        const reply = { "msgtype": "m.text", "body": "first", "m.relates_to": { rel_type: "m.thread", event_id: root } };
        const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/first`;
        const { event_id: first } = await bob.http.authedRequest(sdk.Method.Put, path, undefined, reply);
        const threads = [];
        for (const client of [alice, bob]) {
            const thread = await eventually(client, "the thread", () => client.getRoom(roomId).getThread(root));
            await eventually(client, "the first reply", () => thread.findEventById(first));
            threads.push(thread);
        }
        const { event_id: second } = await alice.sendMessage(roomId, root, { msgtype: "m.text", body: "second" });
        await eventually(bob, "the second reply", () => threads[1].findEventById(second));
        const late = await start(await login(alice.getUserId(), alice.testPassword));
        const lateRoom = await room(late, roomId);
        await lateRoom.createThreadsTimelineSets();
        await lateRoom.fetchRoomThreads();
        const told = lateRoom.getThread(root)?.rootEvent.getServerAggregatedRelation("m.thread");
        assert.equal(told?.count, 2, "the list of threads has it, with its count");
        assert.equal(told.latest_event.event_id, second);
    });

    it("tells what it has read, in the room and in a thread", async () => {
        const { alice, bob, roomId } = await pair();
        const { event_id: id } = await alice.sendTextMessage(roomId, "read me");
        const got = await event(bob, roomId, id);
        await bob.sendReadReceipt(got);
        await eventually(alice, "the receipt", () => alice.getRoom(roomId).hasUserReadEvent(bob.getUserId(), id));
        await bob.setRoomReadMarkers(roomId, id, got);
        await eventually(bob, "the read marker", () => bob.getRoom(roomId).getAccountData("m.fully_read")?.getContent().event_id === id);
    });

    it("counts what is unread", async () => {
        const { alice, bob, roomId } = await pair();
        const { event_id: id } = await alice.sendTextMessage(roomId, "ring");
        const got = await event(bob, roomId, id);
        await eventually(bob, "one unread", () => bob.getRoom(roomId).getUnreadNotificationCount("total") === 1);
        await bob.sendReadReceipt(got);
        await eventually(bob, "none unread", () => bob.getRoom(roomId).getUnreadNotificationCount("total") === 0);
    });

    it("shows who is typing", async () => {
        const { alice, bob, roomId } = await pair();
        const member = alice.getRoom(roomId).getMember(bob.getUserId());
        const typing = until(alice, sdk.RoomMemberEvent.Typing, (_event, m) => m.userId === member.userId && m.typing);
        await bob.sendTyping(roomId, true, 20000);
        await typing;
        const ended = until(alice, sdk.RoomMemberEvent.Typing, (_event, m) => m.userId === member.userId && !m.typing);
        await bob.sendTyping(roomId, false, 0);
        await ended;
    });

    it("pages back to the beginning", async () => {
        const client = await user("pages");
        const { room_id: roomId } = await client.createRoom({ preset: "public_chat", name: "Long" });
        for (let i = 0; i < 45; i++) await client.sendTextMessage(roomId, `message ${i}`);
        await start(client, { initialSyncLimit: 10 });
        const long = await room(client, roomId);
        const timeline = long.getLiveTimeline();
        while (await client.paginateEventTimeline(timeline, { backwards: true, limit: 10 }));
        const bodies = timeline.getEvents().map((e) => e.getContent().body).filter((body) => body?.startsWith("message"));
        assert.deepEqual(bodies, Array.from({ length: 45 }, (_, i) => `message ${i}`));
        assert.equal(timeline.getEvents()[0].getType(), "m.room.create");
    });

    it("upgrades a room and moves on", async () => {
        const { alice, bob, roomId } = await pair();
        await alice.sendStateEvent(roomId, "m.room.join_rules", { join_rule: "public" }, "");
        const { replacement_room: next } = await alice.upgradeRoom(roomId, "11");
        await eventually(bob, "the tombstone", () =>
            bob.getRoom(roomId).currentState.getStateEvents("m.room.tombstone", "")?.getContent().replacement_room === next);
        await bob.joinRoom(next);
        const moved = await room(bob, next);
        assert.equal(moved.findPredecessor()?.roomId, roomId);
        assert.equal(moved.getVersion(), "11");
    });

    it("keeps lazily loaded members apart from the rest", async () => {
        const { alice, bob, roomId } = await pair();
        await bob.sendTextMessage(roomId, "here I am");
        const late = await start(await login(alice.getUserId(), alice.testPassword), { lazyLoadMembers: true });
        const lateRoom = await room(late, roomId);
        assert.equal(lateRoom.getMember(bob.getUserId())?.membership, "join", "the sender of a shown message is known");
        await lateRoom.loadMembersIfNeeded();
        assert.equal(lateRoom.getJoinedMemberCount(), 2);
    });

    it("sets its name, and others see it", async () => {
        const { alice, bob, roomId } = await pair();
        await bob.setDisplayName("Bob of the Hill");
        await eventually(alice, "the new name", () => alice.getRoom(roomId).getMember(bob.getUserId()).rawDisplayName === "Bob of the Hill");
        assert.equal((await alice.getProfileInfo(bob.getUserId())).displayname, "Bob of the Hill");
    });

    it("keeps account data, tags and ignored users", async () => {
        const { alice, bob, roomId } = await pair();
        await alice.setAccountData("org.example.data", { a: 1 });
        await eventually(alice, "the account data", () => alice.getAccountData("org.example.data")?.getContent().a === 1);
        await alice.setRoomTag(roomId, "m.favourite", { order: 0.5 });
        await eventually(alice, "the tag", () => alice.getRoom(roomId).tags["m.favourite"]?.order === 0.5);
        await alice.setIgnoredUsers([bob.getUserId()]);
        await eventually(alice, "the ignored user", () => alice.isUserIgnored(bob.getUserId()));
    });

    it("uploads and downloads", async () => {
        const client = await user("media");
        const { content_uri: uri } = await client.uploadContent(new Blob(["a file"], { type: "text/plain" }), { name: "file.txt", type: "text/plain" });
        const url = client.mxcUrlToHttp(uri, undefined, undefined, undefined, false, true, true);
        const response = await fetch(url, { headers: { Authorization: `Bearer ${client.getAccessToken()}` } });
        assert.equal(await response.text(), "a file");
    });

    it("finds a public room and a user", async () => {
        const client = await user("finds");
        const name = `Findable ${client.getUserId()}`;
        const { room_id: roomId } = await client.createRoom({ visibility: "public", preset: "public_chat", name });
        const found = await client.publicRooms({ filter: { generic_search_term: name } });
        assert.equal(found.chunk[0]?.room_id, roomId);
        const other = await user("seeks");
        const users = await other.searchUserDirectory({ term: client.getUserIdLocalpart() });
        assert.ok(users.results.some((u) => u.user_id === client.getUserId()));
    });
});
