/** The table that a person reads. @module */
import type { Machine } from './machine.ts';
import type { Row } from './results.ts';

const HEAD = [
  'what',
  'entries',
  'median',
  'lowest',
  'highest',
  'unit',
  'p50 ms',
  'p99 ms',
  'server us',
  'of bare',
  'others',
];

export function formatTable(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(toCells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  // Words to the left, numbers to the right.
  const pad = (cell: string, column: number) =>
    column === 0 || HEAD[column] === 'unit'
      ? cell.padEnd(widths[column] as number)
      : cell.padStart(widths[column] as number);
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

function toCells({ what, size, unit, value, p50, p99, micros, ratio, others }: Row): string[] {
  return [
    what,
    size === undefined ? '' : whole(size),
    figure(value.median),
    figure(value.low),
    figure(value.high),
    unit,
    figure(p50),
    figure(p99),
    figure(micros),
    ratio === undefined ? '' : ratio.toFixed(2),
    others === undefined ? '' : others.toFixed(1),
  ];
}

/** Three digits or all before the point. */
function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return value >= 100 ? whole(value) : value.toPrecision(3);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

export function formatMachine({ processor, cores, memory, system, node, commit }: Machine, noisy: number): string {
  const quiet =
    noisy === 0
      ? 'Each round began in a quiet moment.'
      : `No quiet moment came for ${noisy} rounds: judge by server us and by ratios, which neighbours change least.`;
  return `${cores} x ${processor}, ${Math.round(memory / 2 ** 30)} GiB, ${system}, node ${node}, commit ${commit}. ${quiet}`;
}

export const LEGEND = `Rates are of whole servers with the load generator on the same machine, every entry on disk before its answer.
"server us" is processor time of the server for each thing counted; "of bare" is the median as a part of what a bare
node:http server answers under the same load in the same round; "others" is how many cores neighbours used meanwhile.`;
