import { Trash2 } from "lucide-react";
import { EventType, type MatrixEvent, MsgType } from "matrix-js-sdk";
import { useTranslations } from "use-intl";

import { AudioMessage } from "./AudioMessage.tsx";
import styles from "./Body.module.css";
import { attachmentOf } from "./attachment.ts";
import { FileCard } from "./FileCard.tsx";
import { HtmlBody } from "./HtmlBody.tsx";
import { Picture } from "./Picture.tsx";
import { isOnlyEmoji } from "./onlyEmoji.ts";
import { withoutQuote } from "./sanitise.ts";
import { TextWithLinks } from "./TextWithLinks.tsx";
import { Undecryptable } from "./Undecryptable.tsx";
import { Video } from "./Video.tsx";

/** What a message says. */
export function MessageContent({ event }: { event: MatrixEvent }) {
  const t = useTranslations("timeline");
  if (event.isRedacted()) {
    return (
      <p className={styles.muted}>
        <Trash2 size={16} aria-hidden />
        {t("deleted")}
      </p>
    );
  }
  if (event.isDecryptionFailure()) return <Undecryptable reason={event.decryptionFailureReason} />;
  if (event.getType() === EventType.RoomMessageEncrypted.valueOf())
    return <p className={styles.muted}>{t("decrypting")}</p>;
  const attachment = attachmentOf(event);
  if (!attachment) return <Words event={event} />;
  return (
    <>
      <Attachment attachment={attachment} event={event} />
      {attachment.caption !== undefined && <Words event={event} />}
    </>
  );
}

function Attachment({
  attachment,
  event,
}: {
  attachment: NonNullable<ReturnType<typeof attachmentOf>>;
  event: MatrixEvent;
}) {
  switch (attachment.kind) {
    case "picture":
      return <Picture attachment={attachment} event={event} />;
    case "video":
      return <Video attachment={attachment} />;
    case "audio":
      return <AudioMessage attachment={attachment} />;
    case "file":
      return <FileCard attachment={attachment} />;
  }
}

function Words({ event }: { event: MatrixEvent }) {
  const content = event.getContent();
  const body = typeof content.body === "string" ? content.body : "";
  const html: unknown = content.format === "org.matrix.custom.html" ? content.formatted_body : undefined;
  const emote = content.msgtype === MsgType.Emote ? `* ${event.sender?.name ?? ""} ` : "";
  if (typeof html === "string" && emote === "") return <HtmlBody html={html} />;
  const text = emote + withoutQuote(body);
  return (
    <p className={`${styles.body} ${isOnlyEmoji(text) ? styles.large : ""}`} dir="auto">
      <TextWithLinks text={text} />
    </p>
  );
}
