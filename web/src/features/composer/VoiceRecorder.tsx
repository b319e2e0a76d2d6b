import { SendHorizontal, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";

import { tellFailure } from "../../app/toasts.ts";
import { Button } from "../../ui/Button.tsx";
import { Waveform } from "../timeline/content/AudioMessage.tsx";
import { clockTime } from "../timeline/content/clockTime.ts";
import styles from "./Composer.module.css";
import { type VoiceRecording, VoiceRecorderSession } from "./voice.ts";

interface Props {
  onCancel: () => void;
  onDone: (voice: VoiceRecording) => void;
}

const everyMs = 100;
const shownLevels = 40;

export default function VoiceRecorder({ onCancel, onDone }: Props) {
  const t = useTranslations("composer");
  const session = useRef<VoiceRecorderSession>(undefined);
  const [seconds, setSeconds] = useState(0);
  const [levels, setLevels] = useState<number[]>([]);
  const cancelled = useRef(onCancel);
  useEffect(() => {
    cancelled.current = onCancel;
  });

  useEffect(() => {
    let wanted = true;
    VoiceRecorderSession.start().then(
      (started) => {
        if (wanted) session.current = started;
        else started.cancel();
      },
      () => {
        tellFailure(t("noMicrophone"));
        cancelled.current();
      },
    );
    const timer = setInterval(() => {
      const level = session.current?.listen();
      if (level === undefined) return;
      setSeconds((Date.now() - (session.current?.startedAt ?? 0)) / 1000);
      setLevels((before) => [...before, level].slice(-shownLevels));
    }, everyMs);
    return () => {
      wanted = false;
      clearInterval(timer);
      session.current?.cancel();
    };
  }, [t]);

  const finish = async (): Promise<void> => {
    const started = session.current;
    session.current = undefined;
    if (started) onDone(await started.finish());
  };
  return (
    <div className={styles.recorder} role="group" aria-label={t("recording")}>
      <Button look="quiet" icon aria-label={t("discardRecording")} onPress={onCancel}>
        <Trash2 size={20} aria-hidden />
      </Button>
      <div>
        <span className={styles.red} aria-hidden />
        <span role="timer">{clockTime(seconds)}</span>
        <Waveform levels={levels} share={1} />
      </div>
      <Button look="primary" icon autoFocus aria-label={t("sendRecording")} onPress={() => void finish()}>
        <SendHorizontal size={20} aria-hidden />
      </Button>
    </div>
  );
}
