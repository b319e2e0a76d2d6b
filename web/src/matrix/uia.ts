import { type AuthDict, type IAuthData, MatrixError } from "matrix-js-sdk";

/** User-interactive authentication (Client-Server API, "User-Interactive Authentication API"), without a picture of it. */

export interface Challenge {
  stage: string;
  /** Parameters of this stage, as the server sent them. */
  params: Record<string, unknown>;
  session: string;
  /** What was wrong with the answer before. */
  error?: string;
}

export type Ask = (challenge: Challenge) => Promise<AuthDict>;

/** The user does not want to go on. */
export class UiaCancelled extends Error {}

/** Makes a request, and answers what the server wants to know on the way, until it goes through. */
export async function withUia<T>(request: (auth: AuthDict | null) => Promise<T>, ask: Ask): Promise<T> {
  let auth: AuthDict | null = null;
  for (;;) {
    try {
      return await request(auth);
    } catch (error) {
      const data = authData(error);
      const stage = nextStage(data);
      if (data?.session === undefined || stage === undefined) {
        throw error;
      }
      auth = await answer({ stage, params: data.params?.[stage] ?? {}, session: data.session, error: data.error }, ask);
    }
  }
}

const dummy = "m.login.dummy";

/** A dummy needs no answer (Client-Server API, "Dummy Auth"). */
function answer(challenge: Challenge, ask: Ask): Promise<AuthDict> {
  const { stage, session } = challenge;
  return stage === dummy ? Promise.resolve({ type: dummy, session }) : ask(challenge);
}

function authData(error: unknown): (IAuthData & { error?: string }) | undefined {
  if (!(error instanceof MatrixError) || error.httpStatus !== 401 || !Array.isArray(error.data.flows)) {
    return undefined;
  }
  return error.data;
}

/** What this app has a form for. Everything else is done on the server's own page, and is therefore the second choice. */
const native = new Set([dummy, "m.login.password", "m.login.terms", "m.login.registration_token"]);

/** The first stage not yet done of the flow that leaves the app the least, and then is the shortest. */
export function nextStage(data: Pick<IAuthData, "flows" | "completed"> | undefined): string | undefined {
  const done = new Set(data?.completed);
  const open = (data?.flows ?? [])
    .map(({ stages }) => stages.filter((stage) => !done.has(stage)))
    .filter((stages) => stages.length > 0);
  const foreign = (stages: string[]): number => stages.filter((stage) => !native.has(stage)).length;
  return open.sort((a, b) => foreign(a) - foreign(b) || a.length - b.length)[0]?.[0];
}
