/** What makes everything else doubtful: that the log signed two histories, or offers other keys; and what to do then. @module */

import { h, type JSX } from 'preact';
import { sha256 } from '#sha256';
import { toHex, utf8 } from '../core/bytes.ts';
import { messageOf } from '../core/fault.ts';
import { formatVkey } from '../core/note.ts';
import { inPlainWords, openFile } from './convict.ts';
import { type Filed, Fork } from './fork.ts';
import type { Evidence, WebLog } from './log.ts';
import { Card, FileLink, NoteLink, Nothing, Show, Tag, useLoad } from './parts.ts';
import { sentence } from './words.ts';

type OfLog = { readonly log: WebLog };
export type AlarmProps = OfLog & {
  /** The check of the newest checkpoint that failed, if one did, and how to repeat it. */
  readonly failed: unknown;
  readonly again: () => void;
  readonly served: Evidence | undefined;
};
type Proving = Extract<Filed, { conviction: unknown }>;

const nameOf = ({ id }: Filed): string => `${id.slice(0, 12)}.tlog-evidence`;
const proving = (files: readonly Filed[]): Proving[] => files.filter((one) => 'conviction' in one);

/** Stands above every page while something is wrong with the log as a whole; `served` is its evidence against itself. */
export function Alarm({ log, failed, again, served }: AlarmProps): JSX.Element | null {
  const own = failed instanceof Fork ? filesOf(log, failed) : [];
  const files = [...own, ...proving(served?.files ?? [])];
  if (failed === undefined && log.otherKeys === undefined && files.length === 0) return null;
  return h(
    'div',
    { class: 'alarm', role: 'alert' },
    h('div', { class: 'wide' }, [
      h('h2', null, files.length > 0 ? 'This log has signed two histories' : 'Do not trust this log right now'),
      failed === undefined || own.length > 0 ? null : h('p', null, sentence(messageOf(failed))),
      log.otherKeys === undefined
        ? null
        : h(
            'p',
            null,
            'The log offers other keys than those this browser pinned. The pinned ones stay in use. Ask the operator on another way before you trust the new ones.',
          ),
      files.map((filed) => h(Accusation, { log, filed, key: filed.id })),
      log.remembered === undefined || failed === undefined
        ? null
        : h('p', null, [
            'Keep what this browser has seen, ',
            h(NoteLink, { note: log.remembered.note, name: 'seen-before' }, 'the checkpoint that it verified before'),
            ': show it to others who follow this log, and to its operator.',
          ]),
      failed === undefined ? null : h('button', { type: 'button', onClick: again }, 'Try again'),
    ]),
  );
}

/** What a file proves, the file, and how anybody checks it without this page, this log or a network. */
function Accusation({ log, filed }: OfLog & { filed: Proving }): JSX.Element {
  const { file, conviction } = filed;
  const name = nameOf(filed);
  const both = conviction.cosigners.map((vkey) => vkey.name).filter((one) => one !== log.origin);
  return h('div', { class: 'accusation' }, [
    h('p', null, inPlainWords(conviction)),
    both.length === 0
      ? null
      : h(
          'p',
          null,
          `${[...new Set(both)].join(' and ')} cosigned both sides, and so vouches for nothing here either.`,
        ),
    h('p', null, [
      'This browser checked the proof. Take it with you: ',
      h(FileLink, { bytes: file, name }, name),
      ' and ',
      h(
        FileLink,
        { bytes: utf8(log.vkeys.map((vkey) => `${formatVkey(vkey)}\n`).join('')), name: 'log.vkey' },
        'the pinned keys',
      ),
      '. To check it again on your own machine, without a network: ',
      h('code', { class: 'command' }, `limmat verify-evidence ${name} --vkey log.vkey`),
      ' It ends with 0 if the log is convicted. Then show the file to whoever relies on this log; it may be an accident, and the operator should explain it.',
    ]),
  ]);
}

/** The file that a fork made, opened like one that somebody else made. */
const filesOf = (log: WebLog, { file }: Fork): Proving[] =>
  file === undefined ? [] : proving([openFile(toHex(sha256(file)), file, log.vkeys, log.origin)]);

/** A fork that was found just now. */
export const ForkFound = ({ log, fork }: OfLog & { fork: Fork }): JSX.Element =>
  h(
    'div',
    null,
    filesOf(log, fork).map((filed) => h(Accusation, { log, filed, key: filed.id })),
  );

/** All evidence that the log serves against itself, also what proves nothing. */
export function EvidenceCard({ log }: OfLog): JSX.Element {
  const found = useLoad(async () => ({ served: await log.evidence() }), [log]);
  return h(
    Card,
    { title: 'Evidence against this log' },
    h(Show<{ served: Evidence | undefined }>, { of: found, children: ({ served }) => h(Served, { served }) }),
  );
}

function Served({ served }: { served: Evidence | undefined }): JSX.Element {
  const elsewhere =
    'A log that cheats would not show this here: its witnesses, mirrors and monitors keep evidence too, and serve it in the same way.';
  if (served === undefined) return h(Nothing, null, `This copy of the log serves no evidence files. ${elsewhere}`);
  const { files, more } = served;
  if (files.length === 0)
    return h(
      Nothing,
      null,
      `The log knows of none: nobody brought it a checkpoint that contradicts its own. ${elsewhere}`,
    );
  return h('div', null, [
    files.map((filed) =>
      h('p', { key: filed.id }, [
        'why' in filed ? h(Tag, { tone: 'quiet' }, 'proves nothing') : h(Tag, { tone: 'bad' }, 'proven'),
        ' ',
        h(FileLink, { bytes: filed.file, name: nameOf(filed) }),
        'why' in filed ? `: ${filed.why}.` : ': the log signed two histories, as told at the top of this page.',
      ]),
    ),
    more > 0 ? h('p', null, `${more} more files are served, below gossip/v1/ of this log.`) : null,
  ]);
}
