import { UNSTABLE_ToastQueue as ToastQueue } from "react-aria-components";

export interface Toast {
  text: string;
  tone: "plain" | "bad";
}

const time = 5_000;

export const toasts = new ToastQueue<Toast>({ maxVisibleToasts: 2 });

/** Tells of something that has happened, for a few seconds. */
export function tell(text: string): void {
  toasts.add({ text, tone: "plain" }, { timeout: time });
}

/** Tells of something that failed. It stays until it is closed, or for twice the time. */
export function tellFailure(text: string): void {
  toasts.add({ text, tone: "bad" }, { timeout: 2 * time });
}
