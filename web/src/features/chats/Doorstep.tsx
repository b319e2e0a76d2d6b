import { JoinRule, type MatrixClient, type Room, type RoomSummary } from "matrix-js-sdk";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";
import { useLocation, useSearch } from "wouter";

import { roomPath, routes } from "../../app/routes.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { Button } from "../../ui/Button.tsx";
import { Notice } from "../../ui/Notice.tsx";
import { Spinner } from "../../ui/Spinner.tsx";
import { Avatar } from "../media/Avatar.tsx";
import { BackBar } from "./BackBar.tsx";
import { markDirect } from "./create.ts";
import styles from "./Doorstep.module.css";
import { findRoom } from "./useJoinedRoom.ts";

/** A room that the user is not in: invited, free to join, or to be asked. */
export default function Doorstep({ target }: { target: string }) {
  const t = useTranslations("chats.doorstep");
  const client = useClient();
  const [, navigate] = useLocation();
  const via = new URLSearchParams(useSearch()).getAll("via");
  const { act, busy } = useAct();
  const outside = useOutside(client, target, via.join());
  const room = findRoom(client, target);
  const invite = room?.getMyMembership() === "invite" ? room : undefined;

  const join = (): void =>
    void act(async () => {
      const joined = await client.joinRoom(target, { viaServers: via });
      const inviter = invite?.getDMInviter();
      if (inviter !== undefined) await markDirect(client, joined.roomId, inviter);
      navigate(roomPath(joined.roomId), { replace: true });
    });
  const decline = (): void =>
    void act(async () => {
      await client.leave(target);
      navigate(routes.home);
    });
  const knock = (): void => void act(() => client.knockRoom(target, { viaServers: via }));

  const text = (): string => {
    if (invite) return t("invitedBy", { name: inviterOf(invite) });
    if (room?.getMyMembership() === "ban") return t("banned");
    if (room?.getMyMembership() === "leave") return t("left");
    return outside === null ? t("unknown") : (outside?.topic ?? t("notIn"));
  };
  if (!room && outside === undefined) return <Spinner label={t("looking")} />;
  const name = room?.name ?? outside?.name ?? outside?.canonical_alias ?? target;
  return (
    <>
      <BackBar />
      <Notice title={name} text={text()}>
        <Avatar id={target} name={name} mxc={room?.getMxcAvatarUrl() ?? outside?.avatar_url} size="xl" />
        <div className={styles.choices}>
          {invite && (
            <Button isDisabled={busy} onPress={decline}>
              {t("decline")}
            </Button>
          )}
          {!invite && outside?.join_rule === JoinRule.Knock && (
            <Button look="primary" isPending={busy} onPress={knock}>
              {t("knock")}
            </Button>
          )}
          {(invite ?? isOpen(room, outside)) && (
            <Button look="primary" isPending={busy} onPress={join}>
              {invite ? t("accept") : t("join")}
            </Button>
          )}
        </div>
      </Notice>
    </>
  );
}

/** Whether it is worth trying to join: nobody who was in an invited circle gets back without an invitation. */
function isOpen(room: Room | undefined, outside: RoomSummary | null | undefined): boolean {
  if (outside?.join_rule !== undefined)
    return outside.join_rule !== JoinRule.Knock && outside.join_rule !== JoinRule.Invite;
  return !room || room.getJoinRule() === JoinRule.Public;
}

function inviterOf(room: Room): string {
  const inviter = room.getMember(room.client.getSafeUserId())?.events.member?.getSender() ?? "";
  return room.getMember(inviter)?.name ?? inviter;
}

/** What the server tells of a room from outside: null when it tells nothing. */
function useOutside(client: MatrixClient, target: string, via: string): RoomSummary | null | undefined {
  const [summary, setSummary] = useState<RoomSummary | null>();
  useEffect(() => {
    let wanted = true;
    client
      .getRoomSummary(target, via === "" ? [] : via.split(","))
      .catch(() => null)
      .then((found) => wanted && setSummary(found))
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [client, target, via]);
  return summary;
}
