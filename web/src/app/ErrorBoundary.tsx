import { Component, type ReactNode } from "react";

import { StoppedPage } from "./StoppedPage.tsx";

interface Props {
  children: ReactNode;
}

interface State {
  failed: boolean;
}

/** Keeps a fault in one part of the app from taking the rest away. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  override render(): ReactNode {
    return this.state.failed ? <StoppedPage onRetry={() => this.setState({ failed: false })} /> : this.props.children;
  }
}
