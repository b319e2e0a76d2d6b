import type { en } from "./en/index.ts";

type Translated<T> = { readonly [K in keyof T]: T[K] extends string ? string : Translated<T[K]> };

/** English is the model: a catalogue of another language that lacks a text, or has one too many, does not compile. */
export type Catalogue = Translated<typeof en>;
