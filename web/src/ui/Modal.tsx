import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Dialog, Heading, Modal as AriaModal, ModalOverlay } from "react-aria-components";
import { useTranslations } from "use-intl";

import { Button } from "./Button.tsx";
import styles from "./Modal.module.css";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Stands below, and stays in sight while the content scrolls. */
  footer?: ReactNode;
  /** For what may be read but not lost by a stray click. */
  keepOpen?: boolean;
}

/** A dialog over the page: a sheet on a phone, a card elsewhere. It is open as long as it is rendered. */
export function Modal({ title, onClose, children, footer, keepOpen = false }: Props) {
  const t = useTranslations("common");
  return (
    <ModalOverlay isOpen isDismissable={!keepOpen} onOpenChange={(open) => open || onClose()} className={styles.scrim}>
      <AriaModal className={styles.modal}>
        <Dialog className={styles.dialog}>
          <header className={styles.header}>
            <Heading slot="title">{title}</Heading>
            <Button look="quiet" icon aria-label={t("close")} onPress={onClose}>
              <X size={20} aria-hidden />
            </Button>
          </header>
          <div className={styles.content}>{children}</div>
          {footer !== undefined && <footer className={styles.footer}>{footer}</footer>}
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}
