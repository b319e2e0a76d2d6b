import { EmojiPicker as Picker } from "frimousse";
import { Dialog } from "react-aria-components";
import { useLocale, useTranslations } from "use-intl";

import { resolveEmojiData } from "./emojiData.ts";
import styles from "./EmojiPicker.module.css";

interface Props {
  onPick: (emoji: string) => void;
}

export default function EmojiPicker({ onPick }: Props) {
  const t = useTranslations("composer.picker");
  const locale = useLocale();
  return (
    <Dialog className={styles.dialog} aria-label={t("label")}>
      {({ close }) => (
        <Picker.Root
          className={styles.picker}
          locale={locale}
          resolveEmojiData={resolveEmojiData}
          columns={8}
          onEmojiSelect={({ emoji }) => {
            onPick(emoji);
            close();
          }}
        >
          <Picker.Search className={styles.search} autoFocus aria-label={t("search")} placeholder={t("search")} />
          <Picker.Viewport className={styles.viewport}>
            <Picker.Loading className={styles.note}>{t("loading")}</Picker.Loading>
            <Picker.Empty className={styles.note}>{t("nothing")}</Picker.Empty>
            <Picker.List
              className={styles.list}
              components={{
                CategoryHeader: ({ category, ...props }) => (
                  <div {...props} className={styles.category}>
                    {category.label}
                  </div>
                ),
                Row: (props) => <div {...props} className={styles.row} />,
                Emoji: ({ emoji, ...props }) => (
                  <button {...props} type="button" className={styles.emoji} data-active={emoji.isActive || undefined}>
                    {emoji.emoji}
                  </button>
                ),
              }}
            />
          </Picker.Viewport>
        </Picker.Root>
      )}
    </Dialog>
  );
}
