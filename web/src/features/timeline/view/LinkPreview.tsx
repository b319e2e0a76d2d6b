import { type MatrixEvent, MsgType } from "matrix-js-sdk";
import { useEffect, useMemo, useState } from "react";

import { useClient } from "../../../matrix/RunningProvider.tsx";
import { useMedia } from "../../media/useMedia.ts";
import { useLinkPreviews } from "../../room/linkPreviews.ts";
import { firstAddress } from "../content/TextWithLinks.tsx";
import { useConversation } from "../model/conversation.tsx";
import styles from "./LinkPreview.module.css";

interface Preview {
  url: string;
  title: string;
  description: string | undefined;
  image: string | undefined;
}

/** A look at the page to which a message links, which the server fetches: so in encrypted rooms only when the user has asked for it. */
export function LinkPreview({ event }: { event: MatrixEvent }) {
  const { room } = useConversation();
  const wanted = useLinkPreviews(room);
  const preview = usePreviewOf(wanted ? addressOf(event) : undefined, event.getTs());
  const image = useMemo(() => (preview?.image ? { url: preview.image } : undefined), [preview]);
  const { url } = useMedia(image);
  if (!preview) return null;
  return (
    <a href={preview.url} target="_blank" rel="noreferrer noopener" className={styles.preview}>
      {url !== undefined && <img src={url} alt="" />}
      <span className={styles.title}>{preview.title}</span>
      {preview.description !== undefined && <span className={styles.description}>{preview.description}</span>}
    </a>
  );
}

function addressOf(event: MatrixEvent): string | undefined {
  if (event.isRedacted() || event.getContent().msgtype !== MsgType.Text) return undefined;
  const body: unknown = event.getContent().body;
  return typeof body === "string" ? firstAddress(body) : undefined;
}

function usePreviewOf(url: string | undefined, ts: number): Preview | undefined {
  const client = useClient();
  const [preview, setPreview] = useState<Preview>();
  useEffect(() => {
    if (url === undefined) return;
    let wanted = true;
    client
      .getUrlPreview(url, ts)
      .then((found) => {
        const title = found["og:title"] as string | undefined;
        if (wanted && title) {
          setPreview({ url, title, description: found["og:description"], image: found["og:image"] });
        }
      })
      // A page without a preview is an ordinary page.
      .catch(() => undefined);
    return () => {
      wanted = false;
    };
  }, [client, url, ts]);
  return preview && preview.url === url ? preview : undefined;
}
