import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";

/** Calls back whenever an element has got another size. */
export function useSizeChange(element: RefObject<Element | null>, onChange: () => void): void {
  const latest = useRef(onChange);
  useLayoutEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(() => latest.current());
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
}
