import { Ellipsis, Reply, SmilePlus } from "lucide-react";
import type { MatrixEvent } from "matrix-js-sdk";
import { lazy, type RefObject, Suspense, useState } from "react";
import { Popover } from "react-aria-components";
import { useTranslations } from "use-intl";

import { useAct } from "../../../app/useAct.ts";
import { useClient } from "../../../matrix/RunningProvider.tsx";
import { useConversation } from "../model/conversation.tsx";
import { toggleReaction } from "../model/reactions.ts";
import styles from "./MessageActions.module.css";
import popoverStyles from "../../../ui/Menu.module.css";

const EmojiPicker = lazy(() => import("../../composer/EmojiPicker.tsx"));
const MessageMenu = lazy(() => import("./MessageMenu.tsx"));

interface Props {
  event: MatrixEvent;
  own: boolean;
  bubble: RefObject<HTMLElement | null>;
  menuOpen: boolean;
  onMenuOpenChange: (open: boolean) => void;
}

/** What can be done with a message. Plain buttons, since there are many of them; the menu is made when it is opened. */
export function MessageActions({ event, own, bubble, menuOpen, onMenuOpenChange }: Props) {
  const t = useTranslations("timeline.action");
  const client = useClient();
  const { room, intent } = useConversation();
  const { act } = useAct();
  const [picking, setPicking] = useState(false);
  if (event.status !== null) return null;
  const mayAnswer = room.maySendMessage() && !event.isRedacted();
  const react = (key: string): void => {
    setPicking(false);
    void act(() => toggleReaction(client, room, event, key));
  };
  return (
    <>
      <div className={styles.actions} data-shown={picking || menuOpen || undefined}>
        {mayAnswer && (
          <>
            <button type="button" aria-label={t("react")} onClick={() => setPicking(true)}>
              <SmilePlus size={18} aria-hidden />
            </button>
            <button type="button" aria-label={t("reply")} onClick={() => intent.set({ kind: "reply", to: event })}>
              <Reply size={18} aria-hidden />
            </button>
          </>
        )}
        <button type="button" aria-label={t("more")} aria-haspopup="menu" onClick={() => onMenuOpenChange(true)}>
          <Ellipsis size={18} aria-hidden />
        </button>
      </div>
      {picking && (
        <Popover
          triggerRef={bubble}
          isOpen
          onOpenChange={setPicking}
          className={popoverStyles.popover}
          aria-label={t("react")}
        >
          <Suspense>
            <EmojiPicker onPick={react} />
          </Suspense>
        </Popover>
      )}
      {menuOpen && (
        <Suspense>
          <MessageMenu
            event={event}
            own={own}
            bubble={bubble}
            onClose={() => onMenuOpenChange(false)}
            onReact={() => setPicking(true)}
          />
        </Suspense>
      )}
    </>
  );
}
