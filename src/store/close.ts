/** How what cannot be used after an error is left. @module */

/** Closes what an error made useless. That it cannot be closed either is not told: what went wrong first says why. */
export function closeAfterError(opened: { close(): void } | undefined): void {
  try {
    opened?.close();
  } catch {
    // The caller throws the first error.
  }
}
