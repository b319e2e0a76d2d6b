import { ImageOff } from "lucide-react";
import type { MatrixEvent } from "matrix-js-sdk";
import { use } from "react";
import { useTranslations } from "use-intl";

import { useMedia } from "../../media/useMedia.ts";
import type { Attachment } from "./attachment.ts";
import { fitted } from "./fitted.ts";
import styles from "./Media.module.css";
import { MessageDialogs } from "../view/MessageDialogs.ts";

interface Props {
  attachment: Attachment;
  event: MatrixEvent;
}

/** A picture of a message. Its place is kept while it loads, so that nothing jumps. */
export function Picture({ attachment, event }: Props) {
  const t = useTranslations("timeline");
  const showDialog = use(MessageDialogs);
  const { url, failed } = useMedia(attachment.thumbnail ?? attachment.source);
  const { width, height } = fitted(attachment);
  return (
    <button
      type="button"
      className={styles.picture}
      style={{ inlineSize: width, aspectRatio: `${width} / ${height}` }}
      aria-label={t("openPicture", { name: attachment.name })}
      onClick={() => showDialog({ kind: "picture", event })}
    >
      {url !== undefined && <img src={url} alt={attachment.name} />}
      {failed && <ImageOff aria-label={t("mediaFailed")} />}
    </button>
  );
}
