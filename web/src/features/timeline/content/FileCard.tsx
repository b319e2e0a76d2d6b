import { Download, File } from "lucide-react";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { Button } from "../../../ui/Button.tsx";
import { useMessenger } from "../../messenger/MessengerProvider.tsx";
import { saveFile } from "../../media/saveFile.ts";
import type { Attachment } from "./attachment.ts";
import styles from "./Media.module.css";
import { useByteSize } from "./useByteSize.ts";

export function FileCard({ attachment }: { attachment: Attachment }) {
  const t = useTranslations("timeline");
  const { media } = useMessenger();
  const { act, busy } = useAct();
  const size = useByteSize(attachment.size);
  const save = (): void => void act(async () => saveFile(await media.fetch(attachment.source), attachment.name));
  return (
    <div className={styles.file}>
      <File aria-hidden />
      <span className={styles.fileName} dir="auto">
        {attachment.name}
        {size !== undefined && <span className={styles.fileSize}>{size}</span>}
      </span>
      <Button look="quiet" icon isPending={busy} aria-label={t("saveFile", { name: attachment.name })} onPress={save}>
        <Download size={20} aria-hidden />
      </Button>
    </div>
  );
}
