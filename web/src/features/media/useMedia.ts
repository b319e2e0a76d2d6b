import { useEffect, useState } from "react";

import { useMessenger } from "../messenger/MessengerProvider.tsx";
import type { MediaSource } from "./MediaStore.ts";

interface Media {
  url?: string;
  failed: boolean;
}

const waiting: Media = { failed: false };

/** A URL of a file for as long as the component shows it. `source` must keep its identity. */
export function useMedia(source: MediaSource | undefined): Media {
  const { media } = useMessenger();
  const [loaded, setLoaded] = useState<{ source: MediaSource; media: Media }>();
  useEffect(() => {
    if (!source) return;
    let wanted = true;
    media.acquire(source).then(
      (url) => wanted && setLoaded({ source, media: { url, failed: false } }),
      () => wanted && setLoaded({ source, media: { failed: true } }),
    );
    return () => {
      wanted = false;
      media.release(source);
    };
  }, [media, source]);
  return loaded && loaded.source === source ? loaded.media : waiting;
}
