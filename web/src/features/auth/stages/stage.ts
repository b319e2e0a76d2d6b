import type { Prompt } from "../uiaPrompt.ts";

export interface StageProps extends Pick<Prompt, "challenge" | "answer"> {
  baseUrl: string;
  /** Whose password is asked for; nobody's while an account is made. */
  userId?: string;
}
