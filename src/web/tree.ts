/** The path of an entry to the root as a drawing: each level shows what was hashed with what. @module */
import { h, type JSX } from 'preact';
import { type Hash, toHex } from '../core/bytes.ts';
import { nodeHash } from '../core/hash.ts';
import { half } from '../core/size.ts';
import type { Checked } from './check.ts';
import { grouped, several } from './words.ts';

export type Joint = { readonly sibling: Hash; readonly isLeft: boolean; readonly parent: Hash };

/** The hashes that a proof goes through, from the leaf up; the same steps as `foldInclusion` takes. */
export function jointsOf({ index, size, leaf, path }: Pick<Checked, 'index' | 'size' | 'leaf' | 'path'>): Joint[] {
  let [fn, sn, at] = [index, size - 1, leaf];
  return path.map((sibling) => {
    const isLeft = fn % 2 === 1 || fn === sn;
    at = isLeft ? nodeHash(sibling, at) : nodeHash(at, sibling);
    if (isLeft) for (; fn % 2 === 0 && fn !== 0; sn = half(sn)) fn = half(fn);
    [fn, sn] = [half(fn), half(sn)];
    return { sibling, isLeft, parent: at };
  });
}

const [STEP, WIDTH, BOX, HIGH] = [54, 460, 132, 24];
const short = (hash: Hash): string => `${toHex(hash).slice(0, 12)}…`;

/** Root on top. The way of the entry is drawn strong; the neighbours that came with the proof are drawn light. */
export function PathTree({ checked }: { checked: Checked }): JSX.Element {
  const joints = jointsOf(checked);
  const height = joints.length * STEP + HIGH + 12;
  const middle = WIDTH / 2;
  const rootIsRight = (joints.at(-1)?.parent ?? checked.leaf).every((byte, i) => byte === checked.root[i]);
  const y = (level: number) => height - HIGH - 6 - level * STEP;
  const x = (level: number) => middle + (level >= joints.length ? 0 : (joints[level] as Joint).isLeft ? 82 : -82);
  const words = `Entry ${checked.index} is hashed with ${several(joints.length, 'neighbour')}, one after the other, up to the root, which ${rootIsRight ? 'is' : 'is NOT'} the signed one.`;
  return h('figure', { class: 'pathtree' }, [
    h('svg', { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': words }, [
      joints.map(({ isLeft }, level) => [
        h('path', {
          class: 'way',
          d: `M${x(level)} ${y(level)}V${y(level) - 12}H${x(level + 1)}V${y(level + 1) + HIGH}`,
        }),
        h('path', {
          class: 'side',
          d: `M${middle + (isLeft ? -82 : 82)} ${y(level)}V${y(level) - 12}H${x(level + 1)}`,
        }),
      ]),
      joints.map(({ sibling, isLeft }, level) =>
        h(Box, {
          x: middle + (isLeft ? -82 : 82),
          y: y(level),
          style: 'side',
          text: short(sibling),
          full: toHex(sibling),
        }),
      ),
      h(Box, { x: x(0), y: y(0), style: 'leaf', text: `entry ${grouped(checked.index)}`, full: toHex(checked.leaf) }),
      joints.map(({ parent }, level) =>
        h(Box, {
          x: x(level + 1),
          y: y(level + 1),
          style: level === joints.length - 1 ? (rootIsRight ? 'root' : 'wrong') : 'way',
          text: level === joints.length - 1 ? `root ${short(parent)}` : short(parent),
          full: toHex(parent),
        }),
      ),
    ]),
    h('figcaption', null, words),
  ]);
}

const Box = ({
  x,
  y,
  style,
  text,
  full,
}: {
  x: number;
  y: number;
  style: string;
  text: string;
  full: string;
}): JSX.Element =>
  h(
    'g',
    { class: `box ${style}` },
    h('title', null, full),
    h('rect', { x: x - BOX / 2, y, width: BOX, height: HIGH, rx: 5 }),
    h('text', { x, y: y + 16, 'text-anchor': 'middle' }, text),
  );
