function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: run these tests by go test ./web/e2e`);
  }
  return value;
}

/** What the Go test that starts the server says about it. */
export const environment = {
  url: required("BONGSU_E2E_URL"),
  serverName: required("BONGSU_E2E_NAME"),
  chromium: required("BONGSU_E2E_CHROMIUM"),
  /** A user of another client, who enters where invited and answers each message with what was read. */
  get phone(): string {
    return required("BONGSU_E2E_PHONE");
  },
};
