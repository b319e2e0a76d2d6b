import { lazy, type ReactNode, Suspense } from "react";
import { RouterProvider } from "react-aria-components";
import { Router, useLocation } from "wouter";

import { LanguageProvider } from "../i18n/LanguageProvider.tsx";
import { account, resume } from "../matrix/account.ts";
import { RunningProvider } from "../matrix/RunningProvider.tsx";
import { LoadingPage } from "../ui/LoadingPage.tsx";
import { ElsewherePage } from "./ElsewherePage.tsx";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import { InsecurePage } from "./InsecurePage.tsx";
import { base } from "./routes.ts";
import { StoppedPage } from "./StoppedPage.tsx";
import { Toasts } from "./Toasts.tsx";
import { useObservable } from "./useObservable.ts";

const Entry = lazy(() => import("../features/auth/Entry.tsx"));
const Home = lazy(() => import("./Home.tsx"));

export function App() {
  return (
    <LanguageProvider>
      <Router base={base}>
        <Links>
          <ErrorBoundary>
            <Suspense fallback={<LoadingPage />}>{isSecureContext ? <Half /> : <InsecurePage />}</Suspense>
          </ErrorBoundary>
          <Toasts />
        </Links>
      </Router>
    </LanguageProvider>
  );
}

/** Lets the component library's links and menus go through the router. */
function Links({ children }: { children: ReactNode }) {
  const [, navigate] = useLocation();
  return (
    <RouterProvider navigate={navigate} useHref={(path) => base + path}>
      {children}
    </RouterProvider>
  );
}

/** The half of the app for those who are signed in, or the one for those who are not. */
function Half() {
  const state = useObservable(account);
  switch (state.status) {
    case "loading":
      return <LoadingPage />;
    case "elsewhere":
      return <ElsewherePage />;
    case "failed":
      return <StoppedPage onRetry={() => void resume()} />;
    case "signedOut":
    case "softLoggedOut":
      return <Entry softLoggedOut={state.status === "softLoggedOut" ? state.session : undefined} />;
    case "signedIn":
      return (
        <RunningProvider running={state.running}>
          <Home />
        </RunningProvider>
      );
  }
}
