import type { KeyboardEvent } from "react";

/** Moves the focus from message to message with the arrow keys. */
export function useArrowKeys(): (event: KeyboardEvent<HTMLElement>) => void {
  return (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const messages = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-message]")];
    const current = messages.findIndex((message) => message.contains(document.activeElement));
    const next = current < 0 ? messages.length - 1 : current + (event.key === "ArrowUp" ? -1 : 1);
    const message = messages[next];
    if (!message) return;
    event.preventDefault();
    message.focus();
    message.scrollIntoView({ block: "nearest" });
  };
}
