import { Pause, Play } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslations } from "use-intl";

import { Button } from "../../../ui/Button.tsx";
import { useMedia } from "../../media/useMedia.ts";
import type { Attachment } from "./attachment.ts";
import { clockTime } from "./clockTime.ts";
import styles from "./Media.module.css";

/** A voice message or another sound, fetched when somebody wants to hear it. */
export function AudioMessage({ attachment }: { attachment: Attachment }) {
  const t = useTranslations("timeline");
  const audio = useRef<HTMLAudioElement>(null);
  const [wanted, setWanted] = useState(false);
  const [playing, setPlaying] = useState(false);
  const [seconds, setSeconds] = useState(0);
  const [length, setLength] = useState((attachment.durationMs ?? 0) / 1000);
  const { url, failed } = useMedia(wanted ? attachment.source : undefined);

  const toggle = (): void => {
    setWanted(true);
    if (playing) audio.current?.pause();
    else void audio.current?.play();
  };
  const seek = (to: number): void => {
    if (audio.current) audio.current.currentTime = to;
  };
  return (
    <div className={styles.audio}>
      <Button icon look="primary" aria-label={playing ? t("pause") : t("play")} onPress={toggle}>
        {playing ? <Pause size={18} aria-hidden /> : <Play size={18} aria-hidden />}
      </Button>
      <div className={styles.sound}>
        {attachment.waveform ? (
          <Waveform levels={attachment.waveform} share={length > 0 ? seconds / length : 0} />
        ) : (
          <span className={styles.fileName}>{attachment.name}</span>
        )}
        <input
          type="range"
          className={styles.seek}
          aria-label={t("position")}
          min={0}
          max={length || 1}
          step="any"
          value={seconds}
          onChange={(event) => seek(event.target.valueAsNumber)}
        />
      </div>
      <span className={styles.time}>
        {failed ? t("mediaFailed") : clockTime(playing || seconds > 0 ? seconds : length)}
      </span>
      {url !== undefined && (
        // eslint-disable-next-line jsx-a11y/media-has-caption
        <audio
          ref={audio}
          src={url}
          autoPlay
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
          onEnded={() => setSeconds(0)}
          onTimeUpdate={(event) => setSeconds(event.currentTarget.currentTime)}
          onDurationChange={({ currentTarget: { duration } }) => {
            if (Number.isFinite(duration)) setLength(duration);
          }}
        />
      )}
    </div>
  );
}

export function Waveform({ levels, share }: { levels: readonly number[]; share: number }) {
  return (
    <span className={styles.waveform} aria-hidden>
      {levels.map((level, index) => (
        <span
          key={index}
          data-played={index / levels.length < share || undefined}
          style={{ blockSize: `${10 + level * 90}%` }}
        />
      ))}
    </span>
  );
}
