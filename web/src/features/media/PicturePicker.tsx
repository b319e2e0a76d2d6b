import { Camera, X } from "lucide-react";
import { useRef } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../ui/Button.tsx";
import { Avatar } from "./Avatar.tsx";
import { FilePicture } from "./FilePicture.tsx";
import styles from "./PicturePicker.module.css";

interface Props {
  label: string;
  /** What the picture stands for: gives the letter when there is none. */
  name: string;
  picture: File | undefined;
  /** The picture there is until another one is chosen. */
  present?: string | null;
  onChange: (picture: File | undefined) => void;
}

/** Chooses a picture of a person or a group from the device. */
export function PicturePicker({ label, name, picture, present, onChange }: Props) {
  const t = useTranslations("common");
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className={styles.picker}>
      {picture ? (
        <FilePicture file={picture} className={styles.picture} />
      ) : (
        <Avatar id={name} name={name} mxc={present} size="xl" />
      )}
      <input
        ref={input}
        type="file"
        accept="image/jpeg,image/png,image/webp,image/gif,image/avif"
        hidden
        onChange={({ target }) => onChange(target.files?.[0])}
      />
      <Button onPress={() => input.current?.click()}>
        <Camera size={18} aria-hidden />
        {label}
      </Button>
      {picture && (
        <Button look="quiet" icon aria-label={t("cancel")} onPress={() => onChange(undefined)}>
          <X size={18} aria-hidden />
        </Button>
      )}
    </div>
  );
}
