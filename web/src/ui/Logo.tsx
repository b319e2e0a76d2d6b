/** A beacon: a fire on its tower. */
export function Logo({ size }: { size: number }) {
  return (
    <svg viewBox="0 0 64 64" width={size} height={size} aria-hidden>
      <rect width="64" height="64" rx="14" fill="#b8430d" />
      <path d="M32 9c2 8 12 12 12 22a12 12 0 0 1-24 0c0-5 3-8 5-12 1 3 2 4 4 5 1-5 0-10 3-15z" fill="#ffe9dc" />
      <path d="M32 24c1 4 5 6 5 10a5 5 0 0 1-10 0c0-4 4-6 5-10z" fill="#b8430d" />
      <path d="M20 47h24l3 9H17z" fill="#ffe9dc" />
    </svg>
  );
}
