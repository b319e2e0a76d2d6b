import { ArrowDown } from "lucide-react";
import { memo, type ReactElement, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { Virtualizer, type VirtualizerHandle } from "virtua";

import { useObservable } from "../../../app/useObservable.ts";
import { Button } from "../../../ui/Button.tsx";
import { Spinner } from "../../../ui/Spinner.tsx";
import type { Outgoing } from "../../outbox/entry.ts";
import { useConversation } from "../model/conversation.tsx";
import type { TimelineItem } from "../model/items.ts";
import { DayMark, UnreadMark } from "./Marks.tsx";
import { MessageRow } from "./MessageRow.tsx";
import { NoticesRow } from "./NoticesRow.tsx";
import { OutgoingRow } from "./OutgoingRow.tsx";
import styles from "./Timeline.module.css";
import { useArrowKeys } from "./useArrowKeys.ts";
import { useOutgoing } from "./useOutgoing.ts";
import { useReadMarker } from "./useReadMarker.ts";
import { useSizeChange } from "./useSizeChange.ts";

type Row = TimelineItem | { kind: "outgoing"; key: string; outgoing: Outgoing };

/** How near to an end more is fetched, in pixels. */
const near = 800;
/** How far from the end still counts as there. */
const slack = 24;
/** How long after a change of its size the list moves by itself, in milliseconds. */
const settleFor = 500;

/** The messages of a conversation. It stays at the end as long as the reader is there, and else where the reader is. */
export function Timeline() {
  const t = useTranslations("timeline");
  const { timeline } = useConversation();
  const state = useObservable(timeline.state);
  const outgoing = useOutgoing();
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  /** The list is being moved to a message. */
  const moving = useRef(false);
  /** Until when the list moves because its size has changed. */
  const settling = useRef(0);
  const [atEnd, setAtEnd] = useState(true);
  const rows = useRows(state.items, outgoing);
  const shift = useShift(rows);
  const onKeyDown = useArrowKeys();
  useReadMarker(atEnd && !state.newer);

  const toEnd = useCallback(() => {
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  }, []);

  const { focus, loading } = state;
  useLayoutEffect(() => {
    const index = rows.findIndex((row) => row.kind === "message" && row.event.getId() === focus?.eventId);
    if (index < 0) return;
    moving.current = true;
    list.current?.scrollToIndex(index, { align: "center" });
    // Only when the focus moves, not when rows are added around it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [focus, loading]);

  const stay = useCallback(() => {
    if (atEnd && !moving.current) toEnd();
  }, [atEnd, toEnd]);
  useLayoutEffect(stay, [rows, stay]);
  useSizeChange(scroller, () => {
    settling.current = performance.now() + settleFor;
    stay();
  });

  const onScroll = (): void => {
    const element = scroller.current;
    if (!element) return;
    const { scrollTop } = element;
    const below = element.scrollHeight - scrollTop - element.clientHeight;
    // Who is at the end leaves it by scrolling up; that the page has grown, or has less room, moves nobody.
    if (below < slack) setAtEnd(true);
    else if (atEnd && !moving.current && performance.now() < settling.current) toEnd();
    else if (moving.current || scrollTop < lastTop.current) setAtEnd(false);
    lastTop.current = scrollTop;
    moving.current = false;
    if (scrollTop < near && state.older) void timeline.older();
    if (below < near && state.newer) void timeline.newer();
  };

  const jumpToEnd = async (): Promise<void> => {
    if (state.newer) await timeline.open();
    setAtEnd(true);
    toEnd();
  };

  return (
    <div className={styles.timeline}>
      {/* The arrow keys move between messages. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={scroller}
        className={styles.scroller}
        role="log"
        aria-live="off"
        aria-label={t("messages")}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div className={styles.top}>
          {state.older && !state.failed && <Spinner label={t("loadingOlder")} />}
          {state.failed && <Button onPress={() => void timeline.older()}>{t("loadAgain")}</Button>}
        </div>
        <Virtualizer ref={list} data={rows} shift={shift} onResize={stay}>
          {drawRow}
        </Virtualizer>
      </div>
      {(!atEnd || state.newer) && (
        <div className={styles.toEnd}>
          <Button icon aria-label={t("toEnd")} onPress={() => void jumpToEnd()}>
            <ArrowDown aria-hidden />
          </Button>
        </div>
      )}
    </div>
  );
}

const drawRow = (row: Row): ReactElement => <RowView key={row.key} row={row} />;

const RowView = memo(function RowView({ row }: { row: Row }) {
  switch (row.kind) {
    case "day":
      return <DayMark ts={row.ts} />;
    case "unread":
      return <UnreadMark />;
    case "notices":
      return <NoticesRow events={row.events} />;
    case "message":
      return <MessageRow item={row} />;
    case "outgoing":
      return <OutgoingRow outgoing={row.outgoing} />;
  }
});

/** The timeline, and below it what is on its way. */
function useRows(items: readonly TimelineItem[], outgoing: readonly Outgoing[]): readonly Row[] {
  return useMemo(() => {
    const shown = new Set(items.map(({ key }) => key));
    const waiting = outgoing.filter(({ entry }) => !shown.has(entry.txnId));
    return [...items, ...waiting.map((one): Row => ({ kind: "outgoing", key: one.entry.txnId, outgoing: one }))];
  }, [items, outgoing]);
}

/** Whether the latest change has put rows in front: then the list keeps its place by its end. */
function useShift(rows: readonly Row[]): boolean {
  const [last, setLast] = useState({ rows, shift: false });
  if (last.rows === rows) return last.shift;
  const first = last.rows.find(({ kind }) => kind === "message")?.key;
  const moved =
    first !== undefined && rows.findIndex(({ key }) => key === first) > last.rows.findIndex(({ key }) => key === first);
  setLast({ rows, shift: moved });
  return moved;
}
