import { EventType, type MatrixEvent, MsgType } from "matrix-js-sdk";
import { useCallback } from "react";
import { useTranslations } from "use-intl";

import { withoutQuote } from "../content/sanitise.ts";

const longest = 200;

/** A message in one line. */
export function usePreview(): (event: MatrixEvent) => string {
  const t = useTranslations("timeline.preview");
  return useCallback(
    (event) => {
      if (event.isRedacted()) return t("deleted");
      if (event.isDecryptionFailure()) return t("undecryptable");
      const type = event.getType();
      if (type === EventType.RoomMessageEncrypted.valueOf()) return t("encrypted");
      if (type === EventType.Sticker.valueOf()) return t("sticker");
      const content = event.getContent();
      const body = typeof content.body === "string" ? withoutQuote(content.body) : "";
      switch (content.msgtype) {
        case MsgType.Image:
          return t("picture");
        case MsgType.Video:
          return t("video");
        case MsgType.Audio:
          return "org.matrix.msc3245.voice" in content ? t("voice") : t("audio");
        case MsgType.File:
          return t("file", { name: body });
        case MsgType.Emote:
          return `* ${event.sender?.name ?? ""} ${body}`;
        default:
          return withoutSpoilers(content.formatted_body, body, t("spoiler")).slice(0, longest);
      }
    },
    [t],
  );
}

/** What is hidden in the message must not be seen in the list. */
function withoutSpoilers(html: unknown, body: string, instead: string): string {
  if (typeof html !== "string" || !html.includes("data-mx-spoiler")) return body;
  return body.replace(/\|\|[\s\S]+?\|\|/g, instead);
}
