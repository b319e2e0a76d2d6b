import { Copy } from "lucide-react";
import { useTranslations } from "use-intl";

import { tell } from "../../../app/toasts.ts";
import { Button } from "../../../ui/Button.tsx";
import styles from "./Body.module.css";

export function CodeBlock({ code }: { code: string }) {
  const t = useTranslations("common");
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(code);
    tell(t("copied"));
  };
  return (
    <div className={styles.code}>
      {/* A block that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre dir="ltr" tabIndex={0}>
        <code>{code}</code>
      </pre>
      <Button look="quiet" icon aria-label={t("copy")} onPress={() => void copy()}>
        <Copy size={16} aria-hidden />
      </Button>
    </div>
  );
}
