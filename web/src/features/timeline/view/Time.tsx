import { useFormatter } from "use-intl";

export function Time({ ts }: { ts: number }) {
  const format = useFormatter();
  const full = format.dateTime(ts, { dateStyle: "full", timeStyle: "short" });
  return (
    <time dateTime={new Date(ts).toISOString()} title={full}>
      {format.dateTime(ts, { timeStyle: "short" })}
    </time>
  );
}
