import { Suspense } from "react";
import { useRoute } from "wouter";

import { ErrorBoundary } from "../../app/ErrorBoundary.tsx";
import { routes } from "../../app/routes.ts";
import { LoadingPage } from "../../ui/LoadingPage.tsx";
import { Panes } from "../../ui/Panes.tsx";
import { SectionList } from "./SectionList.tsx";
import { SettingsPage } from "./SettingsPage.tsx";
import { sectionIds, sections } from "./sections.ts";

/** The list of sections, and the one that was chosen. A desktop shows the first where none was. */
export default function Settings() {
  const [, params] = useRoute(routes.settingsSection);
  const chosen = sectionIds.find((id) => id === params?.section);
  const shown = chosen ?? "profile";
  const { Page } = sections[shown];
  return (
    <Panes
      list={<SectionList selected={shown} />}
      main={
        <SettingsPage section={shown}>
          <ErrorBoundary key={shown}>
            <Suspense fallback={<LoadingPage />}>
              <Page />
            </Suspense>
          </ErrorBoundary>
        </SettingsPage>
      }
      front={chosen === undefined ? "list" : "main"}
    />
  );
}
