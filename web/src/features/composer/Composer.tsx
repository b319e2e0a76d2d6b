import { Mic, Paperclip, SendHorizontal, Smile } from "lucide-react";
import { type ChangeEvent, type ClipboardEvent, lazy, Suspense, useRef, useState } from "react";
import { DialogTrigger, Popover } from "react-aria-components";
import { useTranslations } from "use-intl";

import { useObservable } from "../../app/useObservable.ts";
import popoverStyles from "../../ui/Menu.module.css";
import { Button } from "../../ui/Button.tsx";
import { useConversation } from "../timeline/model/conversation.tsx";
import { AttachmentChips } from "./AttachmentChips.tsx";
import styles from "./Composer.module.css";
import { IntentBanner } from "./IntentBanner.tsx";
import { MentionList } from "./MentionList.tsx";
import { useDraft } from "./useDraft.ts";
import { useComposerKeys } from "./useComposerKeys.ts";
import { useMentionList } from "./useMentionList.ts";
import { useSend } from "./useSend.ts";
import { useTypingNotice } from "./useTypingNotice.ts";
import type { VoiceRecording } from "./voice.ts";
import { useWaitingFiles } from "./waitingFiles.ts";

const EmojiPicker = lazy(() => import("./EmojiPicker.tsx"));
const VoiceRecorder = lazy(() => import("./VoiceRecorder.tsx"));

/** Where messages are written. */
export function Composer() {
  const t = useTranslations("composer");
  const conversation = useConversation();
  const intent = useObservable(conversation.intent);
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [recording, setRecording] = useState(false);
  const { draft, setDraft, clear } = useDraft(field);
  const files = useWaitingFiles();
  const { sendText, sendFiles, sendVoice } = useSend();
  const mentions = useMentionList(field, draft, setDraft);
  const noticeTyping = useTypingNotice();

  const empty = draft.text.trim() === "" && files.list.length === 0;
  const send = (): void => {
    if (empty) return;
    noticeTyping(false);
    if (files.list.length > 0) sendFiles(files.list, draft);
    else sendText(draft);
    files.clear();
    clear();
    conversation.intent.set({ kind: "new" });
    field.current?.focus();
  };
  const change = (event: ChangeEvent<HTMLTextAreaElement>): void => {
    setDraft({ ...draft, text: event.target.value });
    mentions.look(event.target);
    noticeTyping(event.target.value !== "");
  };
  const insert = (text: string): void => {
    const at = field.current?.selectionStart ?? draft.text.length;
    setDraft({ ...draft, text: draft.text.slice(0, at) + text + draft.text.slice(field.current?.selectionEnd ?? at) });
    field.current?.focus();
  };
  const paste = (event: ClipboardEvent): void => {
    const pasted = [...event.clipboardData.files];
    if (pasted.length === 0) return;
    event.preventDefault();
    files.add(pasted);
  };
  const leaveIntent = (): void => {
    if (intent.kind === "edit") clear();
    conversation.intent.set({ kind: "new" });
  };
  const finishRecording = (voice: VoiceRecording): void => {
    setRecording(false);
    sendVoice(voice);
  };
  const onKeyDown = useComposerKeys({ empty, send, mentions, leaveIntent });

  if (recording) {
    return (
      <Suspense>
        <VoiceRecorder onCancel={() => setRecording(false)} onDone={finishRecording} />
      </Suspense>
    );
  }
  return (
    <div className={styles.composer}>
      <IntentBanner intent={intent} onClose={leaveIntent} />
      <AttachmentChips files={files.list} onRemove={files.remove} />
      <MentionList list={mentions} />
      <div className={styles.line}>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={({ target }) => {
            files.add([...(target.files ?? [])]);
            target.value = "";
          }}
        />
        <Button look="quiet" icon aria-label={t("attach")} onPress={() => picker.current?.click()}>
          <Paperclip size={20} aria-hidden />
        </Button>
        <textarea
          ref={field}
          className={styles.field}
          rows={1}
          dir="auto"
          value={draft.text}
          placeholder={t(conversation.room.hasEncryptionStateEvent() ? "placeholderEncrypted" : "placeholder")}
          aria-label={t("message")}
          aria-autocomplete="list"
          aria-controls={mentions.open ? mentions.id : undefined}
          aria-activedescendant={mentions.activeId}
          onChange={change}
          onKeyDown={onKeyDown}
          onSelect={(event) => mentions.look(event.currentTarget)}
          onBlur={() => noticeTyping(false)}
          onPaste={paste}
        />
        <DialogTrigger>
          <Button look="quiet" icon aria-label={t("emoji")}>
            <Smile size={20} aria-hidden />
          </Button>
          <Popover className={popoverStyles.popover} placement="top end">
            <Suspense>
              <EmojiPicker onPick={insert} />
            </Suspense>
          </Popover>
        </DialogTrigger>
        {empty ? (
          <Button look="quiet" icon aria-label={t("record")} onPress={() => setRecording(true)}>
            <Mic size={20} aria-hidden />
          </Button>
        ) : (
          <Button look="primary" icon aria-label={t("send")} onPress={send}>
            <SendHorizontal size={20} aria-hidden />
          </Button>
        )}
      </div>
    </div>
  );
}
