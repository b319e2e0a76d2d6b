import { CircleAlert, Clock, File, Upload } from "lucide-react";
import { ProgressBar } from "react-aria-components";
import { useTranslations } from "use-intl";

import { Button } from "../../../ui/Button.tsx";
import { useMessenger } from "../../messenger/MessengerProvider.tsx";
import type { Outgoing, Phase } from "../../outbox/entry.ts";
import { HtmlBody } from "../content/HtmlBody.tsx";
import { TextWithLinks } from "../content/TextWithLinks.tsx";
import bodyStyles from "../content/Body.module.css";
import styles from "./MessageRow.module.css";
import outgoingStyles from "./OutgoingRow.module.css";
import { Time } from "./Time.tsx";

/** A message that is on its way, with where it stands. */
export function OutgoingRow({ outgoing: { entry, phase } }: { outgoing: Outgoing }) {
  const t = useTranslations("timeline");
  const { outbox } = useMessenger();
  const { body, formatted_body } = shownContent(entry.content);
  const mayCancel = phase.name === "waiting" || phase.name === "uploading" || phase.name === "failed";
  return (
    <article className={styles.row} data-own data-message={entry.txnId} tabIndex={-1} aria-label={t("ownOnItsWay")}>
      <div className={styles.main}>
        <div className={styles.bubble}>
          {entry.file ? (
            <span className={outgoingStyles.file}>
              <File size={20} aria-hidden />
              {entry.file.name}
            </span>
          ) : formatted_body !== undefined ? (
            <HtmlBody html={formatted_body} />
          ) : (
            <p className={bodyStyles.body} dir="auto">
              <TextWithLinks text={body} />
            </p>
          )}
          {phase.name === "uploading" && (
            <ProgressBar
              className={outgoingStyles.progress}
              aria-label={t("uploading", { name: entry.file?.name ?? "" })}
              value={phase.progress * 100}
            >
              {({ percentage }) => <span style={{ inlineSize: `${percentage ?? 0}%` }} />}
            </ProgressBar>
          )}
          <span className={styles.meta}>
            <Time ts={entry.createdAt} />
            <PhaseIcon phase={phase} />
          </span>
        </div>
        {mayCancel && (
          <div className={outgoingStyles.choices}>
            {phase.name === "failed" && (
              <span className={outgoingStyles.failed}>{t("refused", { reason: phase.reason })}</span>
            )}
            {phase.name === "failed" && <Button onPress={() => outbox.retry(entry.txnId)}>{t("sendAgain")}</Button>}
            <Button look="quiet" onPress={() => void outbox.cancel(entry.txnId)}>
              {t("takeBack")}
            </Button>
          </div>
        )}
      </div>
    </article>
  );
}

const icons = { waiting: Clock, uploading: Upload, sending: Clock, sent: Clock, failed: CircleAlert };

function PhaseIcon({ phase }: { phase: Phase }) {
  const t = useTranslations("timeline.phase");
  const text = t(phase.name);
  const Icon = icons[phase.name];
  return (
    <span role="img" aria-label={text} title={text}>
      <Icon size={14} aria-hidden />
    </span>
  );
}

function shownContent(content: Record<string, unknown>): { body: string; formatted_body: string | undefined } {
  const edited = content["m.new_content"];
  const { body, formatted_body } = (typeof edited === "object" ? edited : content) as Record<string, unknown>;
  return {
    body: typeof body === "string" ? body : "",
    formatted_body: typeof formatted_body === "string" ? formatted_body : undefined,
  };
}
