import type { Challenge } from "../../../matrix/uia.ts";

/**
 * Where a stage is completed in a browser (Client-Server API, "Fallback"); with OAuth 2.0 the server names the address itself
 * ("OAuth authentication").
 */
export function fallbackAddress({ stage, params, session }: Challenge, baseUrl: string): string {
  if (typeof params.url === "string" && /^https?:/.test(params.url)) {
    return params.url;
  }
  const path = `/_matrix/client/v3/auth/${encodeURIComponent(stage)}/fallback/web`;
  return `${baseUrl}${path}?session=${encodeURIComponent(session)}`;
}
