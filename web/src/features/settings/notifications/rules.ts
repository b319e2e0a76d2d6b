import { PushRuleKind, RuleId } from "matrix-js-sdk/lib/@types/PushRules";

/** Push rules that are switched together (Client-Server API, "Predefined Rules"). */
export interface RuleSet {
  id: "direct" | "groups" | "mentions" | "invitations";
  rules: readonly { kind: PushRuleKind; id: string }[];
}

const underride = (id: string): RuleSet["rules"][number] => ({ kind: PushRuleKind.Underride, id });
const override = (id: string): RuleSet["rules"][number] => ({ kind: PushRuleKind.Override, id });

export const ruleSets: readonly RuleSet[] = [
  { id: "direct", rules: [underride(RuleId.DM), underride(RuleId.EncryptedDM)] },
  { id: "groups", rules: [underride(RuleId.Message), underride(RuleId.EncryptedMessage)] },
  { id: "mentions", rules: [override(RuleId.IsUserMention), override(RuleId.IsRoomMention)] },
  { id: "invitations", rules: [override(RuleId.InviteToSelf)] },
];
