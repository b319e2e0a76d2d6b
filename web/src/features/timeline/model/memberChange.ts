import type { MatrixEvent } from "matrix-js-sdk";

export type MemberChange =
  | "joined"
  | "invited"
  | "left"
  | "declined"
  | "removed"
  | "inviteWithdrawn"
  | "banned"
  | "unbanned"
  | "knocked"
  | "renamed"
  | "newPicture";

/** What a membership event did (Client-Server API, m.room.member: the table of transitions). */
export function memberChange(event: MatrixEvent): MemberChange {
  const own = event.getSender() === event.getStateKey();
  const before: unknown = event.getPrevContent().membership;
  const { membership, displayname } = event.getContent();
  switch (membership) {
    case "invite":
      return "invited";
    case "ban":
      return "banned";
    case "knock":
      return "knocked";
    case "leave":
      if (before === "ban") return "unbanned";
      if (before === "invite") return own ? "declined" : "inviteWithdrawn";
      return own ? "left" : "removed";
    default:
      if (before !== "join") return "joined";
      return displayname === event.getPrevContent().displayname ? "newPicture" : "renamed";
  }
}
