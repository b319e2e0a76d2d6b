import { lazy, type ReactNode, Suspense, useState } from "react";

import { type MessageDialog, MessageDialogs } from "./MessageDialogs.ts";

const DeleteDialog = lazy(() => import("./DeleteDialog.tsx"));
const ForwardDialog = lazy(() => import("./ForwardDialog.tsx"));
const InfoDialog = lazy(() => import("./InfoDialog.tsx"));
const Lightbox = lazy(() => import("./Lightbox.tsx"));
const ReportDialog = lazy(() => import("./ReportDialog.tsx"));

const dialogs = {
  delete: DeleteDialog,
  forward: ForwardDialog,
  info: InfoDialog,
  picture: Lightbox,
  report: ReportDialog,
};

/** Shows the dialogs about messages, outside of the rows that come and go. */
export function MessageDialogsHost({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<MessageDialog>();
  const Dialog = shown && dialogs[shown.kind];
  return (
    <MessageDialogs value={setShown}>
      {children}
      {Dialog && (
        <Suspense>
          <Dialog event={shown.event} onClose={() => setShown(undefined)} />
        </Suspense>
      )}
    </MessageDialogs>
  );
}
