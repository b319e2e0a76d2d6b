import { Search } from "lucide-react";
import { type ReactElement, useDeferredValue, useMemo, useState } from "react";
import { Input, SearchField } from "react-aria-components";
import { useTranslations } from "use-intl";
import { Virtualizer } from "virtua";

import { Notice } from "../../ui/Notice.tsx";
import { ChatFilters } from "./ChatFilters.tsx";
import styles from "./ChatList.module.css";
import { ChatListHeader } from "./ChatListHeader.tsx";
import { ChatRow } from "./ChatRow.tsx";
import type { ChatSummary } from "./summary.ts";
import { type ChatFilter, type ChatSections, useChatSections } from "./useChats.ts";

type Row = { kind: "title"; section: keyof ChatSections; count: number } | { kind: "chat"; chat: ChatSummary };

const order: readonly (keyof ChatSections)[] = ["invitations", "favourites", "others", "archived"];

export function ChatList({ selected }: { selected: string | undefined }) {
  const t = useTranslations("chats");
  const [filter, setFilter] = useState<ChatFilter>("all");
  const [words, setWords] = useState("");
  const [archiveOpen, setArchiveOpen] = useState(false);
  const sections = useChatSections(filter, useDeferredValue(words));
  const searching = words.trim() !== "";
  const rows = useMemo(() => rowsOf(sections, archiveOpen || searching), [sections, archiveOpen, searching]);

  const draw = (row: Row): ReactElement =>
    row.kind === "chat" ? (
      <ChatRow key={row.chat.roomId} chat={row.chat} selected={row.chat.roomId === selected} />
    ) : (
      <SectionTitle
        key={row.section}
        section={row.section}
        count={row.count}
        open={row.section === "archived" ? archiveOpen : undefined}
        onToggle={() => setArchiveOpen(!archiveOpen)}
      />
    );
  return (
    <>
      <ChatListHeader />
      <SearchField className={styles.search} aria-label={t("search")} value={words} onChange={setWords}>
        <Search size={16} aria-hidden />
        <Input placeholder={t("search")} />
      </SearchField>
      <ChatFilters filter={filter} onChange={setFilter} />
      {rows.length === 0 ? (
        <Notice title={searching ? t("noneFound") : t("none")} text={searching ? t("noneFoundText") : t("noneText")} />
      ) : (
        <div className={styles.list} role="list" aria-label={t("list")}>
          <Virtualizer data={rows} itemSize={68}>
            {draw}
          </Virtualizer>
        </div>
      )}
    </>
  );
}

function rowsOf(sections: ChatSections, archiveOpen: boolean): Row[] {
  const used = order.filter((section) => sections[section].length > 0);
  return used.flatMap((section): Row[] => {
    const chats = sections[section];
    const shown = section === "archived" && !archiveOpen ? [] : chats;
    const titled = section !== "others" || used.some((other) => other === "favourites" || other === "invitations");
    const title: Row[] = titled ? [{ kind: "title", section, count: chats.length }] : [];
    return [...title, ...shown.map((chat): Row => ({ kind: "chat", chat }))];
  });
}

interface SectionTitleProps {
  section: keyof ChatSections;
  count: number;
  /** Set where the section can be folded. */
  open: boolean | undefined;
  onToggle: () => void;
}

function SectionTitle({ section, count, open, onToggle }: SectionTitleProps) {
  const t = useTranslations("chats.section");
  return (
    <div role="listitem">
      {open === undefined ? (
        <h2 className={styles.section}>{t(section)}</h2>
      ) : (
        <button type="button" className={styles.section} aria-expanded={open} onClick={onToggle}>
          {t(section)} ({count})
        </button>
      )}
    </div>
  );
}
