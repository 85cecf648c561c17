/** Waits for what other processes do in their own time: there is no event for that. */
import * as assert from 'uvu/assert';

/** Asks until something holds. */
export async function until<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    assert.ok(Date.now() < deadline, JSON.stringify(value)?.slice(0, 1000));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a server writes comes by another way than its answers, and may be later. */
export async function says(server: { stderr(): string }, pattern: RegExp): Promise<void> {
  await until(
    async () => server.stderr(),
    (text) => pattern.test(text),
  );
}
