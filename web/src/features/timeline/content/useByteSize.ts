import { useFormatter } from "use-intl";

const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** A file's size as people write it. */
export function useByteSize(bytes: number | undefined): string | undefined {
  const format = useFormatter();
  if (bytes === undefined) return undefined;
  const power = Math.min(units.length - 1, bytes > 0 ? Math.floor(Math.log10(bytes) / 3) : 0);
  return format.number(bytes / 1000 ** power, {
    style: "unit",
    unit: units[power] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits: power > 1 ? 1 : 0,
  });
}
