import { EventType, HistoryVisibility, JoinRule, type Room, RoomStateEvent, Visibility } from "matrix-js-sdk";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { roomState } from "./roomState.ts";
import { tell } from "../../app/toasts.ts";
import { useAct } from "../../app/useAct.ts";
import { useClient } from "../../matrix/RunningProvider.tsx";
import { useEmitted } from "../../matrix/useEmitted.ts";
import { Choice } from "../../ui/Choice.tsx";
import { SubmitForm } from "../../ui/SubmitForm.tsx";
import { Switch } from "../../ui/Switch.tsx";
import { TextField } from "../../ui/TextField.tsx";
import { PicturePicker } from "../media/PicturePicker.tsx";
import { topicOf } from "./RoomInfo.tsx";
import { SidePane } from "./SidePane.tsx";

/** The settings of a room that hold for everybody in it. */
export default function RoomSettings({ room }: { room: Room }) {
  const t = useTranslations("room.settings");
  return (
    <SidePane title={t("title")}>
      <Profile room={room} />
      <Access room={room} />
      <History room={room} />
      <Encryption room={room} />
    </SidePane>
  );
}

const events = [RoomStateEvent.Events] as const;

function useMaySend(room: Room, type: EventType): boolean {
  const client = useClient();
  return useEmitted(room, events, () => roomState(room).maySendStateEvent(type, client.getSafeUserId()));
}

function Profile({ room }: { room: Room }) {
  const t = useTranslations("room.settings");
  const client = useClient();
  const { act, busy } = useAct();
  const mayName = useMaySend(room, EventType.RoomName);
  const given: unknown = roomState(room).getStateEvents(EventType.RoomName, "")?.getContent().name;
  const [name, setName] = useState(typeof given === "string" ? given : "");
  const [topic, setTopic] = useState(topicOf(room));
  const [picture, setPicture] = useState<File>();
  const save = (): void =>
    void act(async () => {
      if (name !== given && (name !== "" || given !== undefined)) await client.setRoomName(room.roomId, name.trim());
      if (topic !== topicOf(room)) await client.setRoomTopic(room.roomId, topic.trim());
      if (picture) {
        const { content_uri } = await client.uploadContent(picture, { type: picture.type });
        await client.sendStateEvent(room.roomId, EventType.RoomAvatar, { url: content_uri });
        setPicture(undefined);
      }
      tell(t("saved"));
    });
  if (!mayName) return <p>{t("notAllowed")}</p>;
  return (
    <SubmitForm action={t("save")} busy={busy} onSubmit={save}>
      <PicturePicker
        label={t("picture")}
        name={room.name}
        picture={picture}
        present={room.getMxcAvatarUrl()}
        onChange={setPicture}
      />
      <TextField label={t("name")} value={name} onChange={setName} />
      <TextField label={t("topic")} value={topic} onChange={setTopic} lines={3} />
    </SubmitForm>
  );
}

const rules = [JoinRule.Invite, JoinRule.Knock, JoinRule.Public] as const;

function Access({ room }: { room: Room }) {
  const t = useTranslations("room.settings");
  const client = useClient();
  const { act, busy } = useAct();
  const may = useMaySend(room, EventType.RoomJoinRules);
  const rule = useEmitted(room, events, () => room.getJoinRule());
  return (
    <>
      <Choice
        label={t("access")}
        value={rule}
        isDisabled={!may || busy}
        options={rules.map((value) => ({ value, label: t(`accessIs.${value}`) }))}
        onChange={(join_rule) =>
          void act(() => client.sendStateEvent(room.roomId, EventType.RoomJoinRules, { join_rule }))
        }
      />
      <Listed room={room} isDisabled={!may} />
    </>
  );
}

function Listed({ room, isDisabled }: { room: Room; isDisabled: boolean }) {
  const t = useTranslations("room.settings");
  const client = useClient();
  const { act, busy } = useAct();
  const [listed, setListed] = useState(false);
  useEffect(() => {
    let wanted = true;
    client
      .getRoomDirectoryVisibility(room.roomId)
      .then(({ visibility }) => wanted && setListed(visibility === Visibility.Public))
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [client, room]);
  const change = (on: boolean): void =>
    void act(async () => {
      await client.setRoomDirectoryVisibility(room.roomId, on ? Visibility.Public : Visibility.Private);
      setListed(on);
    });
  return <Switch label={t("listed")} isSelected={listed} isDisabled={isDisabled || busy} onChange={change} />;
}

const visibilities = [HistoryVisibility.Joined, HistoryVisibility.Invited, HistoryVisibility.Shared] as const;

function History({ room }: { room: Room }) {
  const t = useTranslations("room.settings");
  const client = useClient();
  const { act, busy } = useAct();
  const may = useMaySend(room, EventType.RoomHistoryVisibility);
  const value = useEmitted(room, events, () => room.getHistoryVisibility());
  return (
    <Choice
      label={t("history")}
      value={value}
      isDisabled={!may || busy}
      options={visibilities.map((option) => ({ value: option, label: t(`historyIs.${option}`) }))}
      onChange={(history_visibility) =>
        void act(() => client.sendStateEvent(room.roomId, EventType.RoomHistoryVisibility, { history_visibility }))
      }
    />
  );
}

function Encryption({ room }: { room: Room }) {
  const t = useTranslations("room.settings");
  const client = useClient();
  const { act, busy } = useAct();
  const may = useMaySend(room, EventType.RoomEncryption);
  const encrypted = useEmitted(room, events, () => room.hasEncryptionStateEvent());
  const turnOn = (): void =>
    void act(() => client.sendStateEvent(room.roomId, EventType.RoomEncryption, { algorithm: "m.megolm.v1.aes-sha2" }));
  return (
    <Switch
      label={t("encryption")}
      description={encrypted ? t("encryptionOn") : t("encryptionOff")}
      isSelected={encrypted}
      isDisabled={encrypted || !may || busy}
      onChange={turnOn}
    />
  );
}
