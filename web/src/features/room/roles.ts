// Roles: names for the power levels that people use (Client-Server API, m.room.power_levels).
import { EventType, type Room, type RoomMember } from "matrix-js-sdk";
import { roomState } from "./roomState.ts";

export const roles = ["admin", "moderator", "member", "muted"] as const;
export type Role = (typeof roles)[number];

const levels: Record<Role, number> = { admin: 100, moderator: 50, member: 0, muted: -1 };

export function roleOf(powerLevel: number): Role {
  if (powerLevel >= levels.admin) return "admin";
  if (powerLevel >= levels.moderator) return "moderator";
  return powerLevel >= 0 ? "member" : "muted";
}

export function levelOf(role: Role): number {
  return levels[role];
}

interface Power {
  changeRole: boolean;
  remove: boolean;
  ban: boolean;
}

/** What the user may do with another member: nobody acts on somebody as strong as themselves. */
export function powerOver(room: Room, self: RoomMember | null, other: RoomMember): Power {
  if (self?.membership !== "join" || self.userId === other.userId || other.powerLevel >= self.powerLevel) {
    return { changeRole: false, remove: false, ban: false };
  }
  const state = roomState(room);
  return {
    changeRole: state.maySendStateEvent(EventType.RoomPowerLevels, self.userId),
    remove: state.hasSufficientPowerLevelFor("kick", self.powerLevel),
    ban: state.hasSufficientPowerLevelFor("ban", self.powerLevel),
  };
}
