export const common = {
  appName: "Bongsu",
  cancel: "Cancel",
  close: "Close",
  back: "Back",
  save: "Save",
  done: "Done",
  copy: "Copy",
  copied: "Copied",
  hidePassword: "Hide the password",
  showPassword: "Show the password",
  loading: "Loading",
  retry: "Try again",
  error: {
    title: "This page has stopped",
    text: "Something went wrong in this part of the app. Nothing that was sent is lost.",
    reload: "Load again",
    unknown: "That did not work. Please try again.",
    network: "The server cannot be reached at the moment.",
    tooFast: "That was too fast. Please wait a moment.",
  },
  status: {
    offline: "No connection. You can read on; what you send waits and goes out later.",
    reconnecting: "Looking for another way to the server. What you send waits, nothing is lost.",
  },
  elsewhere: {
    title: "Open in another tab",
    text: "Bongsu runs in another tab or window of this browser. It can run in one at a time.",
    here: "Use it here",
  },
  notFound: "There is nothing at this address.",
  insecure:
    "This address is not secure (https), so the browser does not let this app encrypt. Please open it by its https address.",
} as const;
