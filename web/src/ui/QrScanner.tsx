import decodeQR from "qr/decode.js";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";

import { Banner } from "./Banner.tsx";
import styles from "./QrScanner.module.css";

interface Props {
  label: string;
  /** Called with the bytes of the first code that is seen. */
  onScan: (bytes: Uint8Array) => void;
}

const longestSide = 640;

/** Looks for a QR code through the camera. Pictures stay in this component. */
export function QrScanner({ label, onScan }: Props) {
  const t = useTranslations("common");
  const video = useRef<HTMLVideoElement>(null);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    const stop = new AbortController();
    if (video.current !== null) {
      watch(video.current, stop.signal)
        .then((bytes) => bytes && onScan(bytes))
        .catch(() => setFailed(true));
    }
    return () => stop.abort();
  }, [onScan]);

  return failed ? (
    <Banner tone="warn">{t("noCamera")}</Banner>
  ) : (
    <video ref={video} className={styles.video} aria-label={label} muted playsInline />
  );
}

async function watch(video: HTMLVideoElement, stop: AbortSignal): Promise<Uint8Array | undefined> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    await video.play();
    while (!stop.aborted) {
      await nextFrame();
      const found = read(video);
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  } finally {
    stream.getTracks().forEach((track) => track.stop());
  }
}

function nextFrame(): Promise<number> {
  return new Promise(requestAnimationFrame);
}

function read(video: HTMLVideoElement): Uint8Array | undefined {
  const scale = Math.min(1, longestSide / Math.max(video.videoWidth, video.videoHeight, 1));
  const width = Math.round(video.videoWidth * scale);
  const height = Math.round(video.videoHeight * scale);
  const context = width > 0 ? new OffscreenCanvas(width, height).getContext("2d") : null;
  if (context === null) {
    return undefined;
  }
  context.drawImage(video, 0, 0, width, height);
  return decode(context.getImageData(0, 0, width, height));
}

/** The bytes of the code in a picture; a picture without one throws in the decoder. */
function decode(picture: ImageData): Uint8Array | undefined {
  try {
    let found: Uint8Array | undefined;
    decodeQR(picture, {
      textDecoder: (bytes) => {
        found = Uint8Array.from(bytes);
        return "";
      },
    });
    return found;
  } catch {
    return undefined;
  }
}
