import { UserPlus } from "lucide-react";
import { type Room, type RoomMember, RoomStateEvent } from "matrix-js-sdk";
import { type ReactElement, useEffect, useMemo, useState } from "react";
import { useTranslations } from "use-intl";
import { Virtualizer } from "virtua";

import { useClient } from "../../matrix/RunningProvider.tsx";
import { sameItems, useEmitted } from "../../matrix/useEmitted.ts";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { PersonRow } from "../people/PersonRow.tsx";
import { normalise } from "../search/segments.ts";
import { InviteDialog } from "./InviteDialog.tsx";
import styles from "./Members.module.css";
import { roleOf } from "./roles.ts";
import { SidePane } from "./SidePane.tsx";
import { useRoomNavigation } from "./useRoomNavigation.ts";

const events = [RoomStateEvent.Members, RoomStateEvent.Events] as const;

/** Who is in a room, the strongest first; also who is invited, asks to come in, or was banned. */
export default function Members({ room }: { room: Room }) {
  const t = useTranslations("room");
  const client = useClient();
  const { open } = useRoomNavigation();
  const [words, setWords] = useState("");
  const [inviting, setInviting] = useState(false);
  useEffect(() => void room.loadMembersIfNeeded().catch(() => undefined), [room]);
  const all = useEmitted(room, events, () => sortedMembers(room), sameItems);
  const shown = useMemo(() => {
    const wanted = normalise(words.trim());
    return all.filter(({ name, userId }) => normalise(`${name} ${userId}`).includes(wanted));
  }, [all, words]);
  const note = ({ membership, powerLevel }: RoomMember): string | undefined => {
    if (membership !== "join")
      return t(`membership.${membership === "ban" || membership === "knock" ? membership : "invite"}`);
    const role = roleOf(powerLevel);
    return role === "member" ? undefined : t(`role.${role}`);
  };
  const draw = (member: RoomMember): ReactElement => (
    <div key={member.userId} role="listitem">
      <PersonRow
        person={{ userId: member.userId, name: member.rawDisplayName, avatar: member.getMxcAvatarUrl() }}
        note={note(member)}
        onPress={() => open({ pane: "member", user: member.userId })}
      />
    </div>
  );
  return (
    <SidePane title={t("members")} bare>
      <div className={styles.top}>
        <TextField label={t("searchMembers")} value={words} onChange={setWords} />
        {room.canInvite(client.getSafeUserId()) && (
          <Button onPress={() => setInviting(true)}>
            <UserPlus size={18} aria-hidden />
            {t("invite.way")}
          </Button>
        )}
      </div>
      <div className={styles.list} role="list" aria-label={t("members")}>
        <Virtualizer data={shown}>{draw}</Virtualizer>
      </div>
      {inviting && <InviteDialog room={room} onClose={() => setInviting(false)} />}
    </SidePane>
  );
}

const order: Record<string, number> = { knock: 0, join: 1, invite: 2, ban: 3 };

function sortedMembers(room: Room): RoomMember[] {
  const place = ({ membership }: RoomMember): number => order[membership ?? ""] ?? 4;
  return room
    .getMembers()
    .filter((member) => place(member) < 4)
    .sort(
      (a, b) => place(a) - place(b) || b.powerLevel - a.powerLevel || a.rawDisplayName.localeCompare(b.rawDisplayName),
    );
}
