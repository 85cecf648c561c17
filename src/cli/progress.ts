/** Progress bars for long work: on a terminal, on standard error, and never in the way of `--json`. @module */
import { cliProgress } from './whenneeded.ts';

export type Progress = { update(done: number): void; stop(): void };

/** A bar with a name and a rate; silent where nobody looks. */
export function progressBar(name: string, total: number, quiet = false): Progress {
  if (quiet || !process.stderr.isTTY || total === 0) return { update: () => {}, stop: () => {} };
  const { Presets, SingleBar } = cliProgress();
  const format = `${name} {bar} {value}/{total} {percentage}% {duration_formatted}`;
  const bar = new SingleBar(
    { format, stream: process.stderr, hideCursor: true, etaBuffer: 1000 },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}
