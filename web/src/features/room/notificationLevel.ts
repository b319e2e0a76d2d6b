// How loudly a chat may speak: three levels, each of them a state of the push rules.
import {
  ConditionKind,
  type IPushRule,
  type MatrixClient,
  PushRuleActionName,
  PushRuleKind,
  type IPushRules,
} from "matrix-js-sdk";

export const notificationLevels = ["all", "mentions", "none"] as const;
export type NotificationLevel = (typeof notificationLevels)[number];

/** What the push rules say of a room. */
export function notificationLevel(client: MatrixClient, roomId: string): NotificationLevel {
  const rules = client.pushRules?.global;
  if (isSilent(find(rules?.override, roomId))) return "none";
  if (isSilent(find(rules?.room, roomId))) return "mentions";
  return "all";
}

/** Changes the push rules, so that a room speaks up at every message, when the user is mentioned, or never. */
export async function setNotificationLevel(
  client: MatrixClient,
  roomId: string,
  level: NotificationLevel,
): Promise<void> {
  const rules = client.pushRules?.global;
  const silent = level === "none";
  const quiet = level === "mentions";
  // First what makes the room quieter, so that nothing rings in between.
  if (silent) {
    await client.addPushRule("global", PushRuleKind.Override, roomId, {
      conditions: [{ kind: ConditionKind.EventMatch, key: "room_id", pattern: roomId }],
      actions: [],
    });
  }
  if (quiet) await client.addPushRule("global", PushRuleKind.RoomSpecific, roomId, { actions: [] });
  if (!silent && find(rules?.override, roomId)) {
    await client.deletePushRule("global", PushRuleKind.Override, roomId);
  }
  if (!quiet && find(rules?.room, roomId)) {
    await client.deletePushRule("global", PushRuleKind.RoomSpecific, roomId);
  }
  client.setPushRules(await client.getPushRules());
}

function find(rules: IPushRules["global"]["override"], roomId: string): IPushRule | undefined {
  return rules?.find((rule) => rule.rule_id === roomId && rule.enabled);
}

// An empty list and the older dont_notify both mean: do nothing.
function isSilent(rule: IPushRule | undefined): boolean {
  return rule?.actions.every((action) => action === PushRuleActionName.DontNotify) ?? false;
}
