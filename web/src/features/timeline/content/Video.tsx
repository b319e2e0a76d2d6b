import { Play } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useMedia } from "../../media/useMedia.ts";
import { Spinner } from "../../../ui/Spinner.tsx";
import type { Attachment } from "./attachment.ts";
import { fitted } from "./fitted.ts";
import styles from "./Media.module.css";

/** A video, fetched when somebody wants to see it. */
export function Video({ attachment }: { attachment: Attachment }) {
  const t = useTranslations("timeline");
  const [wanted, setWanted] = useState(false);
  const poster = useMedia(attachment.thumbnail);
  const video = useMedia(wanted ? attachment.source : undefined);
  const { width, height } = fitted(attachment);
  const box = { inlineSize: width, aspectRatio: `${width} / ${height}` };
  if (video.url !== undefined) {
    return (
      // What people send each other has no captions.
      // eslint-disable-next-line jsx-a11y/media-has-caption
      <video className={styles.video} style={box} src={video.url} poster={poster.url} controls autoPlay />
    );
  }
  return (
    <button
      type="button"
      className={styles.picture}
      style={box}
      aria-label={t("playVideo", { name: attachment.name })}
      onClick={() => setWanted(true)}
    >
      {poster.url !== undefined && <img src={poster.url} alt="" />}
      <span className={styles.play}>
        {wanted && !video.failed ? <Spinner label={t("loadingFile")} /> : <Play aria-hidden />}
      </span>
      {video.failed && <span className={styles.failed}>{t("mediaFailed")}</span>}
    </button>
  );
}
