import { Camera } from "lucide-react";
import { UserEvent } from "matrix-js-sdk";
import { useState } from "react";
import { FileTrigger } from "react-aria-components";
import { useTranslations } from "use-intl";

import { tell } from "../../../app/toasts.ts";
import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { useEmitted } from "../../../matrix/useEmitted.ts";
import { Button } from "../../../ui/Button.tsx";
import { SubmitForm } from "../../../ui/SubmitForm.tsx";
import { TextField } from "../../../ui/TextField.tsx";
import { Avatar } from "../../media/Avatar.tsx";
import { Group } from "../Group.tsx";
import styles from "../Settings.module.css";
import { useOwnUser } from "./useOwnUser.ts";

const userEvents = [UserEvent.DisplayName, UserEvent.AvatarUrl] as const;

export default function Profile() {
  const t = useTranslations("settings.profile");
  const user = useOwnUser();
  const picture = useEmitted(user, userEvents, () => user.avatarUrl);
  const name = useEmitted(user, userEvents, () => user.displayName ?? user.userId);
  return (
    <>
      <Group>
        <div className={styles.row}>
          <Avatar id={user.userId} name={name} mxc={picture} size="xl" />
          <PictureButtons hasPicture={picture !== undefined && picture !== ""} />
        </div>
        <p className={styles.muted}>{t("userId", { id: user.userId })}</p>
      </Group>
      <Group>
        <NameForm key={name} name={name} />
      </Group>
    </>
  );
}

function NameForm({ name }: { name: string }) {
  const t = useTranslations("settings.profile");
  const common = useTranslations("common");
  const client = useClient();
  const { act, busy } = useAct();
  const [text, setText] = useState(name);
  const save = async (): Promise<void> => {
    if (await act(() => client.setDisplayName(text.trim()))) {
      tell(t("saved"));
    }
  };
  return (
    <SubmitForm action={common("save")} onSubmit={() => void save()} busy={busy} isDisabled={text.trim() === name}>
      <TextField
        label={t("displayName")}
        description={t("displayNameText")}
        value={text}
        onChange={setText}
        autoComplete="name"
        isRequired
      />
    </SubmitForm>
  );
}

function PictureButtons({ hasPicture }: { hasPicture: boolean }) {
  const t = useTranslations("settings.profile");
  const client = useClient();
  const { act, busy } = useAct();
  const set = (file: File): void =>
    void act(async () => {
      const { content_uri: uri } = await client.uploadContent(file, { includeFilename: false });
      await client.setAvatarUrl(uri);
    });
  return (
    <div className={styles.row}>
      <FileTrigger acceptedFileTypes={["image/*"]} onSelect={(files) => files?.[0] && set(files[0])}>
        <Button isPending={busy}>
          <Camera size={18} aria-hidden />
          {t("choosePicture")}
        </Button>
      </FileTrigger>
      {hasPicture && (
        <Button look="quiet" onPress={() => void act(() => client.setAvatarUrl(""))}>
          {t("removePicture")}
        </Button>
      )}
    </div>
  );
}
