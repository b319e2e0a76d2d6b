import type { Catalogue } from "../catalogue.ts";
import { auth } from "./auth.ts";
import { chats } from "./chats.ts";
import { common } from "./common.ts";
import { composer } from "./composer.ts";
import { room } from "./room.ts";
import { search } from "./search.ts";
import { security } from "./security.ts";
import { settings } from "./settings.ts";
import { timeline } from "./timeline.ts";

export const ko: Catalogue = { auth, chats, common, composer, room, search, security, settings, timeline };
