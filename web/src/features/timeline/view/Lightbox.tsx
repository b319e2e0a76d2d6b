import { ChevronLeft, ChevronRight, Download, X } from "lucide-react";
import type { MatrixEvent } from "matrix-js-sdk";
import { type KeyboardEvent, useMemo, useState } from "react";
import { Dialog, Modal, ModalOverlay } from "react-aria-components";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { Button } from "../../../ui/Button.tsx";
import { Spinner } from "../../../ui/Spinner.tsx";
import { saveFile } from "../../media/saveFile.ts";
import { useMedia } from "../../media/useMedia.ts";
import { useMessenger } from "../../messenger/MessengerProvider.tsx";
import { type Attachment, attachmentOf } from "../content/attachment.ts";
import { useConversation } from "../model/conversation.tsx";
import styles from "./Lightbox.module.css";

/** The pictures of a conversation, one at a time over the whole page. */
export default function Lightbox({ event, onClose }: { event: MatrixEvent; onClose: () => void }) {
  const t = useTranslations("timeline.lightbox");
  const { timeline } = useConversation();
  const { media } = useMessenger();
  const { act } = useAct();
  const [shown, setShown] = useState(event);
  const pictures = useMemo(
    () =>
      timeline.state
        .get()
        .items.flatMap((item) => (item.kind === "message" && !item.event.isRedacted() ? [item.event] : []))
        .filter((other) => attachmentOf(other)?.kind === "picture"),
    [timeline],
  );
  const at = pictures.indexOf(shown);
  const before = pictures[at - 1];
  const after = pictures[at + 1];
  const attachment = attachmentOf(shown);
  if (!attachment) return null;

  const rtl = document.documentElement.dir === "rtl";
  const onKeyDown = ({ key }: KeyboardEvent): void => {
    const next =
      key === (rtl ? "ArrowRight" : "ArrowLeft")
        ? before
        : key === (rtl ? "ArrowLeft" : "ArrowRight")
          ? after
          : undefined;
    if (next) setShown(next);
  };
  const save = (): void => void act(async () => saveFile(await media.fetch(attachment.source), attachment.name));
  return (
    <ModalOverlay isOpen isDismissable onOpenChange={(open) => open || onClose()} className={styles.scrim}>
      <Modal className={styles.modal}>
        <Dialog className={styles.dialog} aria-label={t("label", { name: attachment.name })}>
          {/* The arrow keys lead through the pictures, wherever the focus is in the dialog. */}
          {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
          <div className={styles.stage} onKeyDown={onKeyDown}>
            <header className={styles.bar}>
              <span>
                {shown.sender?.name} · {attachment.name}
              </span>
              <Button look="quiet" icon aria-label={t("save")} onPress={save}>
                <Download size={20} aria-hidden />
              </Button>
              <Button look="quiet" icon autoFocus aria-label={t("close")} onPress={onClose}>
                <X size={20} aria-hidden />
              </Button>
            </header>
            <FullPicture key={attachment.source.url} attachment={attachment} />
            <nav className={styles.turn}>
              <Button
                look="quiet"
                icon
                isDisabled={!before}
                aria-label={t("before")}
                onPress={() => before && setShown(before)}
              >
                <ChevronLeft aria-hidden />
              </Button>
              <Button
                look="quiet"
                icon
                isDisabled={!after}
                aria-label={t("after")}
                onPress={() => after && setShown(after)}
              >
                <ChevronRight aria-hidden />
              </Button>
            </nav>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function FullPicture({ attachment }: { attachment: Attachment }) {
  const t = useTranslations("timeline");
  const { url, failed } = useMedia(attachment.source);
  if (failed) return <p className={styles.picture}>{t("mediaFailed")}</p>;
  return (
    <div className={styles.picture}>
      {url === undefined ? <Spinner label={t("loadingFile")} /> : <img src={url} alt={attachment.name} />}
    </div>
  );
}
