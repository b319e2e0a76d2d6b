import { type Room, RoomStateEvent } from "matrix-js-sdk";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation } from "wouter";

import { roomPath } from "../../app/routes.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { useEmitted } from "../../matrix/useEmitted.ts";
import { Button } from "../../ui/Button.tsx";
import { ConfirmModal } from "../../ui/ConfirmModal.tsx";
import { Select } from "../../ui/Select.tsx";
import { openDirectChat } from "../chats/create.ts";
import { Avatar } from "../media/Avatar.tsx";
import { PersonTrust } from "../security/PersonTrust.tsx";
import infoStyles from "./RoomInfo.module.css";
import styles from "./MemberInfo.module.css";
import { levelOf, powerOver, roleOf, roles } from "./roles.ts";
import { SidePane } from "./SidePane.tsx";

type Asked = "remove" | "ban" | "block";

const events = [RoomStateEvent.Members, RoomStateEvent.Events] as const;

/** A member of a room, and what the user may do. */
export default function MemberInfo({ room, userId }: { room: Room; userId: string }) {
  const t = useTranslations("room.member");
  const role = useTranslations("room.role");
  const client = useClient();
  const [, navigate] = useLocation();
  const { act, busy } = useAct();
  const [asked, setAsked] = useState<Asked>();
  const membership = useEmitted(room, events, () => room.getMember(userId)?.membership);
  const level = useEmitted(room, events, () => room.getMember(userId)?.powerLevel ?? 0);
  const member = room.getMember(userId);
  const self = userId === client.getUserId();
  const power = member ? powerOver(room, room.getMember(client.getSafeUserId()), member) : undefined;
  const name = member?.rawDisplayName ?? userId;
  const blocked = client.isUserIgnored(userId);

  const actions: Record<Asked, () => Promise<unknown>> = {
    remove: () => client.kick(room.roomId, userId),
    ban: () => client.ban(room.roomId, userId),
    block: () => client.setIgnoredUsers([...client.getIgnoredUsers(), userId]),
  };
  const unblock = (): Promise<unknown> =>
    client.setIgnoredUsers(client.getIgnoredUsers().filter((id) => id !== userId));
  const chat = (): void => void act(async () => navigate(roomPath(await openDirectChat(client, userId))));
  return (
    <SidePane title={t("title")}>
      <div className={infoStyles.head}>
        <Avatar id={userId} name={name} mxc={member?.getMxcAvatarUrl()} size="xl" />
        <h3 dir="auto">{name}</h3>
        <p className={infoStyles.alias}>{userId}</p>
      </div>
      {power?.changeRole && membership === "join" ? (
        <Select
          label={t("role")}
          value={roleOf(level)}
          options={roles.map((id) => ({ id, label: role(id) }))}
          onChange={(chosen) => void act(() => client.setPowerLevel(room.roomId, userId, levelOf(chosen)))}
        />
      ) : (
        <p>{role(roleOf(level))}</p>
      )}
      {!self && <PersonTrust userId={userId} roomId={room.roomId} />}
      <div className={styles.actions}>
        {!self && (
          <Button isPending={busy} onPress={chat}>
            {t("chat")}
          </Button>
        )}
        {membership === "knock" && (
          <Button look="primary" onPress={() => void act(() => client.invite(room.roomId, userId))}>
            {t("letIn")}
          </Button>
        )}
        {power?.remove && (membership === "join" || membership === "invite" || membership === "knock") && (
          <Button look="danger" onPress={() => setAsked("remove")}>
            {membership === "join" ? t("remove") : t("withdraw")}
          </Button>
        )}
        {power?.ban && membership !== "ban" && (
          <Button look="danger" onPress={() => setAsked("ban")}>
            {t("ban")}
          </Button>
        )}
        {power?.ban && membership === "ban" && (
          <Button onPress={() => void act(() => client.unban(room.roomId, userId))}>{t("unban")}</Button>
        )}
        {!self &&
          (blocked ? (
            <Button onPress={() => void act(unblock)}>{t("unblock")}</Button>
          ) : (
            <Button look="danger" onPress={() => setAsked("block")}>
              {t("block")}
            </Button>
          ))}
      </div>
      {asked && (
        <ConfirmModal
          title={t(`${asked}Title`, { name })}
          text={t(`${asked}Text`, { name })}
          action={t(asked)}
          danger
          onClose={() => setAsked(undefined)}
          onConfirm={() => void act(actions[asked])}
        />
      )}
    </SidePane>
  );
}
