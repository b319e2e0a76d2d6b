import { Copy } from "lucide-react";
import { useTranslations } from "use-intl";

import { tell } from "../../app/toasts.ts";
import { useAct } from "../../app/useAct.ts";
import { Button } from "../../ui/Button.tsx";
import { Modal } from "../../ui/Modal.tsx";
import { QrCode } from "../../ui/QrCode.tsx";
import styles from "./ShareDialog.module.css";

interface Props {
  title: string;
  text: string;
  link: string;
  onClose: () => void;
}

/** A link to send, and the same as a QR code to hold out. */
export function ShareDialog({ title, text, link, onClose }: Props) {
  const t = useTranslations("common");
  const chats = useTranslations("chats");
  const { act } = useAct();
  const copy = (): void =>
    void act(async () => {
      await navigator.clipboard.writeText(link);
      tell(t("copied"));
    });
  return (
    <Modal title={title} onClose={onClose}>
      <p>{text}</p>
      <QrCode content={link} label={chats("qrOf", { link })} />
      <div className={styles.link}>
        <code>{link}</code>
        <Button look="quiet" icon aria-label={t("copy")} onPress={copy}>
          <Copy size={18} aria-hidden />
        </Button>
      </div>
    </Modal>
  );
}
