import { Button } from "react-aria-components";
import { useTranslations } from "use-intl";

import { Avatar } from "../media/Avatar.tsx";
import people from "../people/People.module.css";

interface Props {
  room: {
    room_id: string;
    name?: string;
    topic?: string;
    canonical_alias?: string;
    avatar_url?: string;
    num_joined_members: number;
  };
  note?: string | undefined;
  onPress: () => void;
}

/** A room as others see it from outside. */
export function RoomCard({ room, note, onPress }: Props) {
  const t = useTranslations("room");
  const name = room.name ?? room.canonical_alias ?? room.room_id;
  return (
    <Button className={people.person} onPress={onPress}>
      <Avatar id={room.room_id} name={name} mxc={room.avatar_url} />
      <span className={people.words}>
        <span className={people.name} dir="auto">
          {name}
        </span>
        <span className={people.id} dir="auto">
          {t("memberCount", { count: room.num_joined_members })}
          {room.topic ? ` · ${room.topic}` : ""}
        </span>
      </span>
      {note !== undefined && <span className={people.note}>{note}</span>}
    </Button>
  );
}
