import { File as FileIcon, X } from "lucide-react";
import { useTranslations } from "use-intl";

import { Button } from "../../ui/Button.tsx";
import { isShownPicture } from "../media/mediaTypes.ts";
import { FilePicture } from "../media/FilePicture.tsx";
import styles from "./Composer.module.css";

interface Props {
  files: readonly File[];
  onRemove: (file: File) => void;
}

/** The files that will go with the next message. */
export function AttachmentChips({ files, onRemove }: Props) {
  const t = useTranslations("composer");
  if (files.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label={t("attachments")}>
      {files.map((file, index) => (
        <li key={index} className={styles.chip}>
          {isShownPicture(file.type) ? <FilePicture file={file} /> : <FileIcon size={18} aria-hidden />}
          <span>{file.name}</span>
          <Button
            look="quiet"
            icon
            aria-label={t("removeAttachment", { name: file.name })}
            onPress={() => onRemove(file)}
          >
            <X size={16} aria-hidden />
          </Button>
        </li>
      ))}
    </ul>
  );
}
