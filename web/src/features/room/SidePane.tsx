import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../ui/Button.tsx";
import styles from "./SidePane.module.css";
import { useRoomNavigation } from "./useRoomNavigation.ts";

interface Props {
  title: string;
  children: ReactNode;
  /** Fills the pane itself, and scrolls by itself. */
  bare?: boolean;
}

/** The frame of what stands beside a conversation. */
export function SidePane({ title, children, bare = false }: Props) {
  const t = useTranslations("common");
  const { open } = useRoomNavigation();
  return (
    <>
      <header className={styles.header}>
        <h2>{title}</h2>
        <Button look="quiet" icon aria-label={t("close")} onPress={() => open({})}>
          <X size={20} aria-hidden />
        </Button>
      </header>
      {bare ? children : <div className={styles.content}>{children}</div>}
    </>
  );
}
